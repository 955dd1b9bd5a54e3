"""Groups of containers: spawn, scale, wait for, run commands in and recover them."""
