# Fuzz targets of the decoders in mirror.
linkspan_fuzz(oci_target_fuzz SOURCES oci_target_fuzz.cpp LIBRARIES mirror_oci)
linkspan_fuzz(oci_manifest_fuzz SOURCES oci_manifest_fuzz.cpp LIBRARIES mirror_oci)
linkspan_fuzz(oci_headers_fuzz SOURCES oci_headers_fuzz.cpp LIBRARIES mirror_oci)
linkspan_fuzz(answer_check_fuzz SOURCES answer_check_fuzz.cpp LIBRARIES mirror_registry)
linkspan_fuzz(site_map_fuzz SOURCES site_map_fuzz.cpp LIBRARIES mirror_select)
linkspan_fuzz(hosts_file_fuzz SOURCES hosts_file_fuzz.cpp LIBRARIES mirror_runtime)
linkspan_fuzz(http_request_fuzz SOURCES http_request_fuzz.cpp LIBRARIES mirror_proxy)
