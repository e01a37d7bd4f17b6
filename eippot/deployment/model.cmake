# Exported models in C++, for programs that are not Python: eippot_add_model(...) makes the library
# eippot_model, with its headers in src/, part of their own projects. They hand on:
#
# TORCH_DIR        the installed Python package torch (.../site-packages/torch), or an unpacked libtorch
# TORCH_CXX11_ABI  value of _GLIBCXX_USE_CXX11_ABI that torch was built with
# EIPPOT_ENGINE    libeippot_engine.a, if it was built before for the strings of the program

set(TORCH_DIR "" CACHE PATH "installed torch package, or libtorch")
set(TORCH_CXX11_ABI 1 CACHE STRING "value of _GLIBCXX_USE_CXX11_ABI that torch was built with")
set(EIPPOT_ENGINE "" CACHE FILEPATH "libeippot_engine.a, if it was built before for the same strings")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# by path, since torch's own CMake package asks for a CUDA toolkit where the wheel has CUDA
find_library(TORCH_LIBRARY torch PATHS "${TORCH_DIR}/lib" NO_DEFAULT_PATH REQUIRED)
find_library(TORCH_CPU_LIBRARY torch_cpu PATHS "${TORCH_DIR}/lib" NO_DEFAULT_PATH REQUIRED)
find_library(C10_LIBRARY c10 PATHS "${TORCH_DIR}/lib" NO_DEFAULT_PATH REQUIRED)

set(EIPPOT_KERNELS_DIR "${CMAKE_CURRENT_LIST_DIR}/../kernels")
set(EIPPOT_MODEL_DIR "${CMAKE_CURRENT_LIST_DIR}/src")

# What all libraries here have in common; `strings_abi` is their _GLIBCXX_USE_CXX11_ABI.
function(eippot_defaults target strings_abi)
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
  target_compile_definitions(${target} PRIVATE _GLIBCXX_USE_CXX11_ABI=${strings_abi})
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# The engines of compressed models, which do not see torch.
function(eippot_add_engine strings_abi)
  if(EIPPOT_ENGINE)
    find_package(OpenMP COMPONENTS CXX)
    add_library(eippot_engine STATIC IMPORTED)
    set_target_properties(eippot_engine PROPERTIES
      IMPORTED_LOCATION "${EIPPOT_ENGINE}"
      INTERFACE_INCLUDE_DIRECTORIES "${EIPPOT_KERNELS_DIR}/src"
      INTERFACE_LINK_LIBRARIES "$<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_CXX>")
  else()
    set(EIPPOT_WARNINGS_AS_ERRORS ON)
    add_subdirectory("${EIPPOT_KERNELS_DIR}" kernels EXCLUDE_FROM_ALL)
    target_compile_definitions(eippot_engine PRIVATE _GLIBCXX_USE_CXX11_ABI=${strings_abi})
  endif()
endfunction()

# `exchange_operator` is the file with the program's own functions of src/exchange_operator.h.
function(eippot_add_model strings_abi exchange_operator)
  eippot_add_engine(${strings_abi})
  set(src "${EIPPOT_MODEL_DIR}")

  add_library(exported_model OBJECT
    "${src}/exported_model.cpp" "${src}/tensor_memory.cpp" "${exchange_operator}")
  eippot_defaults(exported_model ${TORCH_CXX11_ABI})
  target_include_directories(exported_model PRIVATE "${src}")
  target_include_directories(exported_model SYSTEM PRIVATE
    "${TORCH_DIR}/include" "${TORCH_DIR}/include/torch/csrc/api/include")

  add_library(eippot_model STATIC "${src}/compressed_model.cpp" "${src}/node_results.cpp"
    "${src}/self_test.cpp" $<TARGET_OBJECTS:exported_model>)
  eippot_defaults(eippot_model ${strings_abi})
  target_include_directories(eippot_model PUBLIC "${src}")
  # --no-as-needed: torch's back-ends register themselves when they are loaded
  target_link_libraries(eippot_model PUBLIC
    eippot_engine "-Wl,--no-as-needed" ${TORCH_LIBRARY} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
endfunction()
