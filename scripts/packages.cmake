# Debian packages of the programs, made by `cpack` in a build directory.
