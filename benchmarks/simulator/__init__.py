"""An upstream that costs next to nothing: prepared answers over plain sockets."""
