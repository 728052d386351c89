"""From traces, scans, loops and tables of P to what switches the device."""
