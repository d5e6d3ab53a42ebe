"""The data sets that need no choosing: descriptions in one file for each kind; readers stand in `nnstudio.data`."""
