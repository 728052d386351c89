"""Files that are not text: NetCDF, HDF5, MATLAB, TDMS, Parquet and Touchstone."""
