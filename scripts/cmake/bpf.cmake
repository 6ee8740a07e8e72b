# Compiles a BPF program and turns it into a skeleton header, so that the result is one binary.
find_program(CLANG clang REQUIRED)
find_program(BPFTOOL bpftool REQUIRED PATHS /usr/sbin /sbin)
find_program(LLVM_STRIP NAMES llvm-strip llvm-strip-14 llvm-strip-16 llvm-strip-19 REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(BPF_TARGET_ARCH x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(BPF_TARGET_ARCH arm64)
else()
  message(FATAL_ERROR "boundtop has no system call registers for ${CMAKE_SYSTEM_PROCESSOR}: add them to bpf/kernel.h")
endif()

# boundtop_bpf(NAME SOURCE [DEFINITION…]): SOURCE → ${CMAKE_CURRENT_BINARY_DIR}/NAME.skel.h, interface target
# NAME_skel. The skeletons are "light": relocation is done in the kernel, so that the 5 MB of its BTF are never
# read into our memory (docs/architecture.md).
function(boundtop_bpf name source)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  set(warnings -Wall -Wextra -Wno-unused-parameter)
  if(BOUNDTOP_WERROR)
    list(APPEND warnings -Werror)
  endif()
  # -g gives the BTF that CO-RE needs; DWARF is stripped again.
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CLANG} -g -O2 -std=gnu17 -target bpf -mcpu=v3 -D__TARGET_ARCH_${BPF_TARGET_ARCH} ${warnings}
            ${ARGN} -I${PROJECT_SOURCE_DIR}/include -idirafter ${CMAKE_SYSROOT}/usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE}
            -MD -MF ${object}.d -c ${source} -o ${object}
    COMMAND ${LLVM_STRIP} -g ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${BPFTOOL} gen skeleton -L ${object} name ${name} > ${skeleton}
    DEPENDS ${object}
    VERBATIM)
  add_custom_target(${name}_skel_gen DEPENDS ${skeleton})
  add_library(${name}_skel INTERFACE)
  add_dependencies(${name}_skel ${name}_skel_gen)
  target_include_directories(${name}_skel SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
