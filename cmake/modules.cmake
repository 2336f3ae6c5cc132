# A module is a folder under src/: every .cpp in it but the tests is one library, the tests are one executable.
#
#   obleth_module(core/fairshare LINKS obleth_domain [PACKAGES ZLIB::ZLIB] [TEST_LINKS …] [TESTS_TOGETHER])
#
# It makes obleth_core_fairshare and, with OBLETH_TESTS, obleth_core_fairshare_tests. Headers of other modules are found
# whatever LINKS says: what may be included is checked by tools/tidy.py. TESTS_TOGETHER: the tests are run in one process.
find_package(Threads REQUIRED)
if(OBLETH_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# With OBLETH_PCH every module starts from base's precompiled standard headers: a quarter less time for a first build.
# Off where code is written: a missing include would not be noticed.
function(obleth_precompile target)
  if(target STREQUAL obleth_base)
    target_precompile_headers(obleth_base PRIVATE
      <algorithm> <array> <atomic> <charconv> <chrono> <coroutine> <cstdint> <cstring> <deque> <expected> <functional>
      <map> <memory> <mutex> <optional> <ranges> <span> <string> <string_view> <thread> <unordered_map> <utility>
      <variant> <vector>)
  else()
    target_precompile_headers(${target} REUSE_FROM obleth_base)
  endif()
endfunction()

function(obleth_module folder)
  cmake_parse_arguments(arg "TESTS_TOGETHER" "" "LINKS;PACKAGES;TEST_LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*_test.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.hpp)
  if(NOT sources AND NOT headers)
    message(FATAL_ERROR "there is no module src/${folder}")
  endif()
  list(REMOVE_ITEM sources ${tests} ${CMAKE_SOURCE_DIR}/src/${folder}/main.cpp)
  if(sources)
    add_library(obleth_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(obleth_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(obleth_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(obleth_${name} ${scope} ${arg_LINKS} ${arg_PACKAGES} Threads::Threads)
  if(OBLETH_PCH AND sources)
    obleth_precompile(obleth_${name})
  endif()
  if(OBLETH_TESTS AND tests)
    add_executable(obleth_${name}_tests ${tests})
    target_link_libraries(obleth_${name}_tests PRIVATE obleth_${name} ${arg_TEST_LINKS} GTest::gtest_main GTest::gmock)
    target_compile_definitions(obleth_${name}_tests PRIVATE OBLETH_TESTS_FOLDER="${CMAKE_SOURCE_DIR}/tests")
    if(arg_TESTS_TOGETHER)
      # One process for all of them: they share a server that it starts.
      add_test(NAME obleth_${name}_tests COMMAND obleth_${name}_tests WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
      set_tests_properties(obleth_${name}_tests PROPERTIES LABELS unit)
    else()
      # In the folder of the build: what __FILE__ gives may be relative to it, where ccache makes paths so.
      gtest_discover_tests(obleth_${name}_tests DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
                           PROPERTIES LABELS unit)
    endif()
  endif()
endfunction()
