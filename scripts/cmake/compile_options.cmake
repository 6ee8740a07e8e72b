# For what asks the compiler itself, before there is a target.
set(BOUNDTOP_SYSROOT_OPTION)
if(CMAKE_SYSROOT)
  set(BOUNDTOP_SYSROOT_OPTION --sysroot=${CMAKE_SYSROOT})
endif()

# One interface target that every target of ours links: warnings, hardening, sanitizers.
add_library(boundtop_options INTERFACE)
target_compile_definitions(boundtop_options INTERFACE _GNU_SOURCE)
target_compile_options(boundtop_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
  -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -fno-common -fstack-protector-strong)
if(BOUNDTOP_WERROR)
  target_compile_options(boundtop_options INTERFACE -Werror)
endif()
if(BOUNDTOP_SANITIZE)
  target_compile_options(boundtop_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(boundtop_options INTERFACE -fsanitize=address,undefined)
elseif(BOUNDTOP_FUZZ)
  # Conversions of floating point that overflow are undefined, too, but no part of "undefined".
  target_compile_options(boundtop_options INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer
    -Wno-implicit-fallthrough) # clang sees it in the macros of uthash
  target_link_options(boundtop_options INTERFACE -fsanitize=address,undefined)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(boundtop_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  target_link_options(boundtop_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()

# boundtop_library(NAME layer SOURCES… USES lower layers… LINKS external targets…)
# A layer sees include/, itself, and the layers that it names: a wrong include does not compile.
function(boundtop_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE boundtop_options ${arg_USES} ${arg_LINKS})
endfunction()
