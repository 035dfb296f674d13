# The CUDA part: GPU=AUTO builds it where nvcc is, ON insists, OFF leaves it out. Programs do not link it:
# they open its library at run time.
set(GPU AUTO CACHE STRING "Build the CUDA engine: ON, OFF, or AUTO (if nvcc is here)")
set_property(CACHE GPU PROPERTY STRINGS AUTO ON OFF)

include(CheckLanguage)
if(NOT GPU STREQUAL "OFF")
  check_language(CUDA)
endif()
# The newest architecture decides which compilers will do.
set(NVCC_VERSION_MIN 12.8)
if(CMAKE_CUDA_COMPILER AND NOT GPU STREQUAL "OFF")
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE nvcc_says)
  string(REGEX MATCH "release ([0-9.]+)" nvcc_release "${nvcc_says}")
  if(CMAKE_MATCH_1 VERSION_LESS NVCC_VERSION_MIN)
    message(STATUS "nvcc ${CMAKE_MATCH_1} is too old for the CUDA engine, expected ${NVCC_VERSION_MIN} or later")
    unset(CMAKE_CUDA_COMPILER CACHE)
    unset(CMAKE_CUDA_COMPILER)
  endif()
endif()
set(HAS_CUDA OFF)
if(NOT GPU STREQUAL "OFF" AND CMAKE_CUDA_COMPILER)
  # A100, RTX 30, RTX 40, H100 and H200, B200, RTX 50, and what the last's PTX becomes on later ones.
  set(GPU_ARCHITECTURES 80-real 86-real 89-real 90-real 100-real 120 CACHE STRING
    "Architectures of the CUDA engine")
  set(CMAKE_CUDA_ARCHITECTURES ${GPU_ARCHITECTURES})
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  # CMake 3.25 does not know of nvcc 13 that it has C++20.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA_STANDARD 20)
  # No ccache: it looks at what the host's compiler sees, and what differs by __CUDA_ARCH__ is not there.
  set(HAS_CUDA ON)

  # linkspan_cuda_library(NAME file...): kernels with their launches, fit to be part of a shared library.
  # constexpr functions are device code too (gpu/field/host_device.h); code is not compressed, so that what is
  # shipped can be counted (scripts/check_cubins.py).
  function(linkspan_cuda_library name)
    add_library(${name} STATIC ${ARGN})
    set_target_properties(${name} PROPERTIES CUDA_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${name} PRIVATE
      $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr;--no-compress;-Werror=all-warnings>
      # What is shipped names no folder of the machine that built it.
      $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=>)
    target_link_libraries(${name} PUBLIC gpu_cuda)
  endfunction()
elseif(GPU STREQUAL "ON")
  message(FATAL_ERROR "GPU=ON but no CUDA compiler was found")
endif()
