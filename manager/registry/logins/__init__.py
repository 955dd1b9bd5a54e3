"""Where logins come from and where they are kept."""
