# The libraries boundtop stands on; what each distribution calls them: scripts/packages.tsv
find_package(PkgConfig REQUIRED)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf>=1.0)
pkg_check_modules(libelf REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(libproc2 REQUIRED IMPORTED_TARGET libproc2>=4.0.2)
pkg_check_modules(ncursesw REQUIRED IMPORTED_TARGET ncursesw>=6.1)
pkg_check_modules(libcap_ng REQUIRED IMPORTED_TARGET libcap-ng)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3>=3.36)

find_path(UTHASH_INCLUDE_DIR uthash.h REQUIRED)

# libproc2 4.0.5 took the info argument out of its VAL macros.
if(libproc2_VERSION VERSION_GREATER_EQUAL 4.0.5)
  set(BOUNDTOP_PROC2_VAL_HAS_INFO 0)
else()
  set(BOUNDTOP_PROC2_VAL_HAS_INFO 1)
endif()
