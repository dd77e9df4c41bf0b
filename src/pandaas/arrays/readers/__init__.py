"""One reader per format. They are found through the entry point group `pandaas.readers`, like those of third parties."""
