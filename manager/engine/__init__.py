"""Docker and Podman engines: transport, SDK, contexts, host ports and disk space."""
