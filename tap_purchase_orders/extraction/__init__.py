"""The way of the data: asked, read, decided on, and handed over to be written."""
