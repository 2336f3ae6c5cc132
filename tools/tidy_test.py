#!/usr/bin/env python3
"""Plants a violation of every rule of tidy.py in a tree of its own and expects to be told; then checks the real tree.
Beside it the other rule of tools/ that nothing else would notice to be broken: what was run twice is named."""
import sys
import tempfile
import unittest
from pathlib import Path

import count_tests
import tidy

HEADER = "// Says what it is for. Thread: any.\n#pragma once\n"


class Planted(unittest.TestCase):
    def found_in(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return tidy.check_tree(Path(folder))

    def assert_told(self, path, text, expected):
        told = self.found_in({path: text})
        self.assertTrue(any(expected in line and line.startswith(path) for line in told), told or "nothing was found")

    def assert_silent(self, path, text):
        self.assertEqual(self.found_in({path: text}), [])

    # ---- layering

    def test_a_module_includes_only_what_its_row_allows(self):
        self.assert_told("src/core/fairshare/a.cpp", '#include "ports/clock.hpp"\n', "core may not include ports/clock.hpp")
        self.assert_told("src/gateway/a.cpp", '#include "adapters/os/socket.hpp"\n', "gateway may not include")
        self.assert_told("src/wire/a.cpp", '#include "core/budget/token_bucket.hpp"\n', "wire may not include")
        self.assert_told("src/cli/a.cpp", '#include "admin/tenants.hpp"\n', "cli may not include")
        self.assert_silent("src/gateway/a.cpp", '#include "core/fairshare/admission.hpp"\n')

    def test_one_adapter_does_not_include_another_but_for_the_shared_floor(self):
        self.assert_told("src/adapters/sqlite/a.cpp", '#include "adapters/memory/b.hpp"\n', "adapters/sqlite may not include")
        self.assert_silent("src/adapters/http_server/a.cpp", '#include "adapters/os/socket.hpp"\n')

    def test_the_embedded_stores_use_the_rules_of_the_budget_and_no_other_core(self):
        self.assert_silent("src/adapters/memory/a.cpp", '#include "core/budget/token_bucket.hpp"\n')
        self.assert_told("src/adapters/memory/a.cpp", '#include "core/fairshare/admission.hpp"\n', "may not include")

    def test_nothing_includes_app_not_even_a_test(self):
        self.assert_told("src/gateway/a_test.cpp", '#include "app/compose.hpp"\n', "gateway may not include app/compose.hpp")
        self.assert_silent("src/app/a.cpp", '#include "gateway/request_path.hpp"\n')

    def test_a_folder_without_a_row_needs_one(self):
        self.assert_told("src/adapters/etcd/a.cpp", "int x;\n", "adapters/etcd has no row")

    def test_a_library_stays_where_the_table_puts_it(self):
        self.assert_told("src/gateway/a.cpp", "#include <sqlite3.h>\n", "gateway may not use SQLite")
        self.assert_told("src/adapters/os/a.cpp", "#include <boost/asio.hpp>\n", "<boost/asio.hpp> is no library of the table")
        self.assert_silent("src/adapters/sqlite/a.cpp", "#include <sqlite3.h>\n")

    def test_what_the_table_allows_is_needed(self):
        starts = {library: starts[0] for library, starts in tidy.LIBRARIES.items()}
        tree = {}
        for module, (modules, libraries) in tidy.MODULES.items():
            lines = [f'#include "{entry}/b.hpp"' for entry in modules if entry != "everything"]
            lines += [f"#include <{starts[entry]}>" for entry in libraries if entry != "everything"]
            tree[f"src/{module}/a.cpp"] = "\n".join(lines) + "\n"
        self.assertFalse([line for line in self.found_in(tree) if "strike it" in line])
        tree["src/adapters/sqlite/a.cpp"] = '#include "adapters/sql/b.hpp"\n'
        tree["src/adapters/sqlite/a_test.cpp"] = "#include <sqlite3.h>\n"
        told = "\n".join(self.found_in(tree))
        self.assertIn("adapters/sqlite may include SQLite and does not", told)
        self.assertIn("adapters/sqlite may include ports and does not", told)
        self.assertNotIn("adapters/sqlite may include adapters/sql and", told)

    def test_the_core_knows_no_clock_no_thread_and_no_floating_point(self):
        self.assert_told("src/core/budget/a.cpp", "#include <mutex>\n", "core is pure and may not include <mutex>")
        self.assert_told("src/core/budget/a.cpp", "auto t = std::chrono::steady_clock::now();\n", "steady_clock is not")
        self.assert_told("src/core/budget/a.cpp", "double share = 0;\n", "double in core")
        self.assert_silent("src/core/budget/a.cpp", "// a double is never used here\nint share = 0;\n")

    def test_folders_that_include_each_other_are_told(self):
        told = self.found_in({
            "src/core/budget/a.hpp": HEADER + '#include "core/fairshare/b.hpp"\n',
            "src/core/fairshare/b.hpp": HEADER + '#include "core/budget/a.hpp"\n',
        })
        self.assertTrue(any("core/budget → core/fairshare → core/budget" in line for line in told), told)

    def test_what_only_tests_include_is_a_test(self):
        world = {"src/core/fairshare/world.hpp": HEADER + "#include <random>\n"}
        by_test = {"src/core/fairshare/a_test.cpp": '#include "core/fairshare/world.hpp"\n'}
        by_product = {"src/core/fairshare/a.cpp": '#include "core/fairshare/world.hpp"\n'}
        self.assertEqual(self.found_in(world | by_test), [])
        told = self.found_in(world | by_test | by_product)
        self.assertTrue(any("may not include <random>" in line for line in told), told)

    # ---- sizes

    def test_files_have_a_bound_and_tests_a_wider_one(self):
        self.assert_told("src/base/a.cpp", "int x;\n" * 401, "at most 400")
        self.assert_told("src/base/a_test.cpp", "int x;\n" * 701, "at most 700")
        self.assert_silent("src/base/a_test.cpp", "// x\n" * 700)

    def test_functions_fit_a_screen(self):
        self.assert_told("src/base/a.cpp", "int f() {\n" + "  g();\n" * 70 + "}\n", "f has 72 lines")
        self.assert_silent("src/base/a.cpp", "int f() {\n" + "  g();\n" * 68 + "}\n")

    def test_functions_take_five_parameters_at_most(self):
        self.assert_told("src/base/a.cpp", "int f(int a, int b, int c, int d, int e, int g) { return 0; }\n", "takes 6")
        self.assert_silent("src/base/a.cpp", "int f(std::map<int, int> a, int b, int c, int d, int e) { return 0; }\n")

    # ---- words

    def test_names_say_what_the_thing_is(self):
        self.assert_told("src/base/string_util.cpp", "int x;\n", "'util' in the name string_util")
        self.assert_told("src/base/a.cpp", "class PoolManager {};\n", "pool, registry, owner")
        self.assert_told("src/base/a.cpp", "void parse_misc() {}\n", "'misc'")
        self.assert_told("src/gateway/a.cpp", "struct RequestContext {};\n", "a bag of anything")
        self.assert_told("src/gateway/a.cpp", "struct RequestHandler {};\n", "a verb and its object")
        self.assert_silent("src/admin/a.cpp", "struct TenantHandler {};\n")
        self.assert_silent("src/wire/sse_event.cpp", "int data_line = 0;\n")
        self.assert_silent("src/base/a.cpp", "enum class Level { info };\n")

    def test_nothing_points_outside_the_project(self):
        self.assert_told("docs/a.md", "See ../sha" "red/spec.\n", "is not part of the project")
        self.assert_told("src/base/a.cpp", "// as iss" "ue A asks\n", "is not part of the project")

    def test_open_marks_carry_a_number_or_do_not_land(self):
        self.assert_told("src/base/a.cpp", "// TO" "DO: later\n", "carries the number")
        self.assert_told("src/base/a.cpp", "// FIX" "ME\n", "does not land")
        self.assert_silent("src/base/a.cpp", "// TO" "DO(12): when the store can\n")

    # ---- code

    def test_headers_open_with_their_purpose_and_a_guard(self):
        self.assert_told("src/base/a.hpp", "#pragma once\nint x;\n", "first lines say what it is for")
        self.assert_told("src/base/a.hpp", "// For x. Thread: any.\nint x;\n", "#pragma once")

    def test_macros_are_told(self):
        self.assert_told("src/base/a.cpp", "#define TWICE(x) ((x) * 2)\n", "a constexpr value, a function")

    def test_a_co_await_is_a_statement(self):
        for line in ("if (co_await f()) g();", "return_to(co_await f());", "x = !co_await f();", "a = b + co_await f();",
                     "auto v = (co_await f()).value();"):
            self.assert_told("src/gateway/a.cpp", f"Task<int> t() {{ {line} }}\n", "give its result a name first")
        for line in ("co_await f();", "auto v = co_await f();", "const Result<std::map<int, int>> v = co_await f();",
                     "if (x) co_await f();", "if (g(x)) co_return co_await f();", "case 1: co_await f();", "co_return co_await f();", "else v = co_await f();", "this->v = co_await f();",
                     "for (auto& x : xs) co_await f(x);", "for (; i > 0; --i) co_await f();", "static_cast<void>(co_await f());"):
            self.assert_silent("src/gateway/a.cpp", f"Task<int> t() {{ {line} }}\n")

    def test_a_coroutine_lambda_has_no_captures(self):
        self.assert_told("src/gateway/a.cpp", "auto t = [&x](int y) -> Task<int> { co_return x + y; };\n", "captures")
        self.assert_silent("src/gateway/a.cpp", "auto t = [](int y) -> Task<int> { co_return y; };\n")
        self.assert_silent("src/gateway/a.cpp", "auto t = [&x](int y) { return x[0] + y; };\n")
        self.assert_silent("src/gateway/a.cpp", "auto t = [&x](int y) { spawn([](int z) -> Task<> { co_return; }(y)); };\n")

    def test_a_test_does_not_sleep(self):
        self.assert_told("src/base/a_test.cpp", "void f() { std::this_thread::sleep" "_for(1s); }\n", "a test sleeps")
        self.assert_told("tests/end_to_end/a.py", "time.sl" "eep(1)\n", "a test sleeps")
        self.assert_told("tests/end_to_end/a.py", "wait_" "until(lambda: time.monotonic() > end)\n", "a test sleeps")
        self.assert_told("src/base/a_test.cpp", "void f() { ::poll" "(nullptr, 0, 5); }\n", "a test sleeps")
        self.assert_silent("tests/end_to_end/a.py", "wait_until(lambda: seen() or time.monotonic() > end)\n")

    def test_tests_are_named_as_claims(self):
        self.assert_told("src/base/a_test.cpp", "TEST(Pool, basic_test) {}\n", "is no claim")
        self.assert_told("src/base/a_test.cpp", "TEST(Pool, Basic) {}\n", "is no claim")
        self.assert_told("src/base/a_test.cpp", "TEST(Pool, DISABLED_GivesBack) {}\n", "does not run")
        self.assert_silent("src/base/a_test.cpp", "TEST(Pool, GivesBackWhatItTook) {}\n")

    def test_literals_and_comments_are_not_code(self):
        self.assert_silent("src/base/a.cpp", 'const char* text = R"(#define X\nco_await f() + co_await g();)";  // #define\n')
        self.assert_silent("src/core/budget/a.cpp", "const char* text = \"double\";\nint n = 1'000'000;\n")

    # ---- documents

    def test_links_in_documents_lead_somewhere(self):
        self.assert_told("docs/a.md", "[b](b.md)\n", "leads nowhere")
        self.assert_told("docs/a.md", "# One thing\n[b](#another-thing)\n", "has no heading")
        self.assert_silent("docs/a.md", "# One thing\n[a](#one-thing) [b](https://example.org) `[c](d.md)`\n")

    def test_files_that_documents_name_are_there(self):
        self.assert_told("docs/a.md", "See `base/clock.hpp`.\n", "there is no file base/clock.hpp")
        named = {"docs/a.md": "See `base/clock.hpp` and `clock.hpp`.\n", "src/base/clock.hpp": HEADER}
        self.assertEqual(self.found_in(named), [])

    def test_the_architecture_page_shows_the_table_that_is_checked(self):
        self.assert_told("ARCHITECTURE.md", "| module | may include | libraries |\n|---|---|---|\n", "not the one that is checked")
        self.assert_silent("ARCHITECTURE.md", tidy.include_table())


class TheTree(unittest.TestCase):
    def test_obeys_every_rule(self):
        told = tidy.check_tree(Path(__file__).parent.parent)
        self.assertFalse(told, "\n" + "\n".join(told))


class Reruns(unittest.TestCase):
    def test_what_passed_at_its_second_run_alone_is_named(self):
        log = """    Start 1: Once.Slow
1/3 Test #1: Once.Slow .......................***Timeout 300.01 sec
    Start 1: Once.Slow
2/3 Test #2: Always.Good .....................   Passed    0.01 sec
    Test #1: Once.Slow .......................   Passed    0.01 sec
3/3 Test #3: Always.Bad ......................***Failed    0.00 sec
    Test #3: Always.Bad ......................***Failed    0.01 sec
"""
        self.assertEqual(list(count_tests.reruns(log)), ["Once.Slow"])


def main():
    outcome = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    failed, skipped = len(outcome.failures) + len(outcome.errors), len(outcome.skipped)
    print(f"{outcome.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
