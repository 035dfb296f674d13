# Fuzz targets of the decoders in cli.
linkspan_fuzz(http_date_fuzz SOURCES http_date_fuzz.cpp LIBRARIES cli agent)
linkspan_fuzz(admin_text_fuzz SOURCES admin_text_fuzz.cpp LIBRARIES cli model)
