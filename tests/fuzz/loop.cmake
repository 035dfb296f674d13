# Fuzz targets of the decoders in loop.
linkspan_fuzz(http_target_fuzz SOURCES http_target_fuzz.cpp LIBRARIES loop)
linkspan_fuzz(http1_session_fuzz SOURCES http1_session_fuzz.cpp http_session_fuzz.h LIBRARIES loop)
linkspan_fuzz(http2_session_fuzz SOURCES http2_session_fuzz.cpp http_session_fuzz.h LIBRARIES loop)
linkspan_fuzz(icmp_reply_fuzz SOURCES icmp_reply_fuzz.cpp LIBRARIES loop)
