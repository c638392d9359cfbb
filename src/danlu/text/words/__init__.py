"""Word lists and the automatons that find their phrases, however they are written."""
