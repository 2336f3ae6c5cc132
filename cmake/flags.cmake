# Flags that every target gets. Warnings are errors; sanitizers and LTO come from the preset.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Werror
                    -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Members that a designated initialiser leaves out have their defaults: that is what it is for.
  add_compile_options(-Wthread-safety -Wno-missing-designated-field-initializers)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
add_link_options(-fuse-ld=lld-19)

if(OBLETH_SANITIZE)
  add_compile_options(-fsanitize=${OBLETH_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${OBLETH_SANITIZE})
endif()
if(OBLETH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(OBLETH_LTO)
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin)
endif()
if(OBLETH_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
if(OBLETH_PROFILE_RECORD)
  add_compile_options(-fprofile-generate=${CMAKE_BINARY_DIR}/profile)
  add_link_options(-fprofile-generate=${CMAKE_BINARY_DIR}/profile)
elseif(OBLETH_PROFILE AND CMAKE_BUILD_TYPE STREQUAL "Release" AND EXISTS ${CMAKE_SOURCE_DIR}/bench/obleth.profdata
       AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19)
  set(profile ${CMAKE_SOURCE_DIR}/bench/obleth.profdata)
  # Objects of two profiles do not link with each other: every command changes with the file.
  file(SHA256 ${profile} profile_hash)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
  # What has changed since `./dev profile` is compiled as if there were none: that is no reason for a warning.
  add_compile_options(-fprofile-use=${profile} -DOBLETH_PROFILE=${profile_hash}
                      -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled -Wno-backend-plugin)
endif()
