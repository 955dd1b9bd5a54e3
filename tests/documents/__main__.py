"""Write the generated documents: ``python -m tests.documents``."""

from tests.documents.pages import write_pages

if __name__ == "__main__":
    write_pages()
