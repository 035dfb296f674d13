# Debian packages of the programs, made by `cpack` in a build directory: one component each, small and
# stripped, with library dependencies found by dpkg-shlibdeps. scripts/packaging/README.md says more.
set(packaging ${PROJECT_SOURCE_DIR}/scripts/packaging)

# linkspan_package(COMPONENT PROGRAMS target... DESCRIPTION text [DEPENDS text] [RECOMMENDS text]
# [SUGGESTS text]): the Debian package linkspan-COMPONENT.
function(linkspan_package component)
  cmake_parse_arguments(ARG "" "DESCRIPTION;DEPENDS;RECOMMENDS;SUGGESTS" "PROGRAMS" ${ARGN})
  install(TARGETS ${ARG_PROGRAMS} RUNTIME DESTINATION bin COMPONENT ${component})
  install(FILES ${packaging}/${component}/linkspan-${component}.service
    DESTINATION lib/systemd/system COMPONENT ${component})
  install(FILES ${packaging}/${component}/default
    DESTINATION /etc/default RENAME linkspan-${component} COMPONENT ${component})
  if(EXISTS ${packaging}/${component}/init)
    install(PROGRAMS ${packaging}/${component}/init
      DESTINATION /etc/init.d RENAME linkspan-${component} COMPONENT ${component})
  endif()
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
    DESTINATION share/doc/linkspan-${component} RENAME copyright COMPONENT ${component})

  string(TOUPPER ${component} upper)
  set(prefix CPACK_DEBIAN_${upper}_PACKAGE)
  set(scripts ${packaging}/${component})
  set(${prefix}_NAME linkspan-${component} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_FILE_NAME DEB-DEFAULT PARENT_SCOPE)
  set(CPACK_COMPONENT_${upper}_DESCRIPTION ${ARG_DESCRIPTION} PARENT_SCOPE)
  set(${prefix}_DEPENDS "${ARG_DEPENDS}" PARENT_SCOPE)
  set(${prefix}_RECOMMENDS "${ARG_RECOMMENDS}" PARENT_SCOPE)
  set(${prefix}_SUGGESTS "${ARG_SUGGESTS}" PARENT_SCOPE)
  set(${prefix}_CONTROL_EXTRA
    "${scripts}/postinst;${scripts}/prerm;${scripts}/postrm;${scripts}/conffiles" PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
endfunction()

set(CPACK_COMPONENTS_ALL "")
if(TARGET linkspan-agent)
  linkspan_package(agent PROGRAMS linkspan-agent linkspan
    DESCRIPTION "keeps a server on its Linkspan overlay network
The agent enrols the server, follows its view of the network and keeps the
WireGuard interfaces, routes and rules as they should be. The command linkspan
joins, shows, checks and leaves."
    DEPENDS "wireguard-tools"
    RECOMMENDS "wireguard-go"
    SUGGESTS "linkspan-mirror")
endif()
if(TARGET linkspan-coordinator)
  linkspan_package(coordinator PROGRAMS linkspan-coordinator
    DESCRIPTION "decides who is in a Linkspan network and tells everyone
The coordinator keeps networks, sites, nodes and image replicas in a durable
log, enrols servers and streams them signed changes. Traffic never passes it,
and flows on without it."
    DEPENDS "redis-server"
    SUGGESTS "linkspan-agent")
endif()
if(TARGET linkspan-mirror)
  linkspan_package(mirror PROGRAMS linkspan-mirror
    DESCRIPTION "pulls container images from the nearest registry replica
A loopback proxy that the container runtime asks first: it chooses the nearest
healthy replica, goes on from another when one dies in the middle of a blob,
and verifies what it passes on."
    SUGGESTS "linkspan-agent")
endif()

if(TARGET linkspan-prover)
  linkspan_package(prover PROGRAMS linkspan-prover
    DESCRIPTION "proves the Aleo coinbase puzzle of testnet 3
The workload of a Linkspan fleet: a prover that works for a pool on all cores of
a server, and a pool. Its published reference string is not part of this
package."
    SUGGESTS "redis-server, linkspan-prover-cuda")
endif()
if(TARGET linkspan-prover AND TARGET linkspan-gpu)
  # A library that the prover opens where it is; the driver is the machine's own.
  install(TARGETS linkspan-gpu LIBRARY DESTINATION lib/linkspan COMPONENT prover-cuda)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
    DESTINATION share/doc/linkspan-prover-cuda RENAME copyright COMPONENT prover-cuda)
  set(CPACK_DEBIAN_PROVER-CUDA_PACKAGE_NAME linkspan-prover-cuda)
  set(CPACK_DEBIAN_PROVER-CUDA_FILE_NAME DEB-DEFAULT)
  set(CPACK_COMPONENT_PROVER-CUDA_DESCRIPTION "the Linkspan prover's engine for NVIDIA GPUs
A library with code for compute capabilities 8.0 to 12.0, which linkspan-prover
uses where a driver and a device are. Needs no CUDA toolkit.")
  set(CPACK_DEBIAN_PROVER-CUDA_PACKAGE_DEPENDS "linkspan-prover (= ${PROJECT_VERSION})")
  list(APPEND CPACK_COMPONENTS_ALL prover-cuda)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME linkspan)
set(CPACK_PACKAGE_VENDOR Linkspan)
set(CPACK_PACKAGE_CONTACT "Linkspan <linkspan@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
include(CPack)
