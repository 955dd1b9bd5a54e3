"""The commands of the program: in which panel of the help each stands, and what it is for."""

from typing import NamedTuple


class CommandEntry(NamedTuple):
    """One command."""

    module: str
    """The module below `manager.cli` that registers it."""
    summary: str
    """What it does, in the few words that half a line of the help has room for."""


PANELS = {
    "Containers": {
        "spawn": CommandEntry("groups.spawn", "Make N containers"),
        "ls": CommandEntry("groups.ls", "List containers by image"),
        "logs": CommandEntry("groups.logs", "Show or follow logs"),
        "exec": CommandEntry("groups.exec", "Run a command in a group"),
        "scale": CommandEntry("groups.groups", "Set a group's size"),
        "start": CommandEntry("groups.containers", "Start containers"),
        "stop": CommandEntry("groups.containers", "Stop containers"),
        "restart": CommandEntry("groups.containers", "Restart containers"),
        "rm": CommandEntry("groups.containers", "Remove containers"),
        "recover": CommandEntry("groups.groups", "Fix interrupted spawns"),
    },
    "Images": {
        "images": CommandEntry("images.images", "List images and sizes"),
        "pull": CommandEntry("registry.pull", "Pull images"),
        "inspect": CommandEntry("registry.inspect", "Preview before a pull"),
        "tags": CommandEntry("registry.tags", "List a repository's tags"),
        "outdated": CommandEntry("registry.outdated", "Find outdated images"),
        "tag": CommandEntry("registry.tag", "Add names to an image"),
        "push": CommandEntry("registry.push", "Push images"),
        "rmi": CommandEntry("images.rmi", "Remove images"),
    },
    "Disk space": {
        "df": CommandEntry("images.df", "Show what uses the disk"),
        "prune": CommandEntry("prune.prune", "Clean up by rules"),
        "apply": CommandEntry("prune.apply", "Carry out a saved plan"),
        "history": CommandEntry("prune.history", "List past prunes"),
        "undo": CommandEntry("prune.undo", "Recover pruned images"),
        "pin": CommandEntry("prune.pins", "Protect images"),
        "unpin": CommandEntry("prune.pins", "Stop protecting images"),
    },
    "Registries": {
        "login": CommandEntry("registry.login", "Log in to a registry"),
        "logout": CommandEntry("registry.login", "Log out of a registry"),
        "registries": CommandEntry("registry.registries", "List known registries"),
    },
    "Learning": {
        "explain": CommandEntry("explain.explain", "Explain a word or a name"),
        "learn": CommandEntry("learn.learn", "Take a lesson"),
    },
    "Lab": {
        "lab": CommandEntry("lab.lab", "Run a throwaway engine"),
    },
    "Settings": {
        "config": CommandEntry("config", "Show and check settings"),
    },
}
"""The panels of the help, and the commands in each, as they are shown."""

COMMANDS = {name: entry for panel in PANELS.values() for name, entry in panel.items()}
"""Every command."""

DELETING_COMMANDS = frozenset(
    {"rm", "rmi", "prune", "apply", "undo", "recover", "unpin", "logout", "down", "reset"}
)
"""Commands, of labs too, that nobody is led to who typed something else."""
