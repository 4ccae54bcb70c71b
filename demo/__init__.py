"""Both upstreams, Meltano and a warehouse on this machine: what `make demo` runs."""
