# Fuzz targets of the decoders in device.
linkspan_fuzz(firewall_fuzz SOURCES firewall_fuzz.cpp LIBRARIES device)
linkspan_fuzz(journal_fuzz SOURCES journal_fuzz.cpp LIBRARIES device)
linkspan_fuzz(wireguard_dump_fuzz SOURCES wireguard_dump_fuzz.cpp LIBRARIES device)
