#include "wire/form_scanner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace obleth::wire {
namespace {

constexpr std::string_view boundary = "----b0undary";

std::string part(const std::string& disposition, const std::string& content, const std::string& more = {}) {
  return "------b0undary\r\nContent-Disposition: " + disposition + "\r\n" + more + "\r\n" + content + "\r\n";
}
std::string field(const std::string& name, const std::string& content) {
  return part("form-data; name=\"" + name + "\"", content);
}
const std::string file = part("form-data; name=\"file\"; filename=\"a \\\"b\\\".wav\"",
                              std::string("RIFF\r\n--\r\n------b0undarx\n\0\xFF\r", 28), "Content-Type: audio/wav\r\n");
const std::string end = "------b0undary--\r\n";

struct Scanned {
  bool valid = false;
  std::string model;
  std::string at_its_place;  // the bytes of the form that are said to be the model
  std::optional<std::int64_t> n;
  std::string param;
  bool operator==(const Scanned&) const = default;
};

Scanned in_pieces(const std::string& form, const auto& next_size) {
  FormScanner scanner(boundary, {.n_max = 16});
  Scanned scanned;
  scanned.valid = true;
  for (std::size_t at = 0; at < form.size() && scanned.valid;) {
    const std::string piece =
        form.substr(at, next_size());  // of exactly this size, so that a read past its end is seen
    scanned.valid = scanner.feed(piece);
    at += piece.size();
  }
  scanned.valid = scanned.valid && scanner.finish();
  if (scanned.valid) {
    scanned.model = scanner.model();
    scanned.n = scanner.n();
    scanned.at_its_place = form.substr(scanner.model_value().begin, scanner.model_value().length);
  } else {
    scanned.param = scanner.fault().param;
    EXPECT_FALSE(scanner.fault().message.empty());
  }
  return scanned;
}

// Whole, byte by byte, at every split of its first 1,000 bytes into two and at random ones: all must agree.
Scanned scanned(const std::string& form) {
  const Scanned whole = in_pieces(form, [&] { return form.size(); });
  EXPECT_EQ(in_pieces(form, [] { return std::size_t{1}; }), whole) << form;
  for (std::size_t split = 1; split < std::min<std::size_t>(form.size(), 1000); ++split) {
    bool first = true;
    EXPECT_EQ(in_pieces(form, [&] { return std::exchange(first, false) ? split : form.size(); }), whole) << split;
  }
  std::minstd_rand random(7);
  for (int round = 0; round < 20; ++round)
    EXPECT_EQ(in_pieces(form, [&] { return 1 + random() % 40; }), whole);
  EXPECT_EQ(whole.model, whole.at_its_place);
  return whole;
}

bool is_refused(const std::string& form) {
  return !scanned(form).valid;
}

TEST(FormScanner, TheModelIsFoundBeforeAndBehindAFile) {
  for (const std::string& form : {field("model", "whisper-1") + file + end, file + field("model", "whisper-1") + end,
                                  field("language", "") + file + field("model", "whisper-1") + field("n", "1") + end,
                                  "\r\n" + field("model", "whisper-1") + file + "------b0undary-- \r\n\r\n"}) {
    EXPECT_EQ(scanned(form).model, "whisper-1") << form;
  }
  EXPECT_EQ(scanned(part("Form-Data; NAME=model", "m") + end).model, "m");
  EXPECT_EQ(scanned(field("model", std::string(256, 'm')) + end).model.size(), 256U);
  EXPECT_EQ(scanned(field("model", "gr\xC3\xBC\xC3\x9F") + end).model, "gr\xC3\xBC\xC3\x9F");
}

TEST(FormScanner, TheModelIsKnownBeforeTheFileHasCome) {
  FormScanner scanner(boundary);
  EXPECT_TRUE(scanner.feed(field("model", "m")));
  EXPECT_FALSE(scanner.has_model());  // its delimiter may go on
  EXPECT_TRUE(scanner.feed(file.substr(0, 20)));
  EXPECT_TRUE(scanner.has_model());
}

TEST(FormScanner, ExactlyOneModelOfAtMost256BytesIsWanted) {
  EXPECT_EQ(scanned(file + end).param, "model");
  EXPECT_EQ(scanned(end).param, "model");
  EXPECT_EQ(scanned(field("model", "a") + file + field("model", "b") + end).param, "model");
  EXPECT_EQ(scanned(field("model", "") + end).param, "model");
  EXPECT_EQ(scanned(field("model", std::string(257, 'm')) + end).param, "model");
  EXPECT_EQ(scanned(field("model", std::string(5'000, 'm'))).param, "model");
  EXPECT_EQ(scanned(field("model", "a\nb") + end).param, "model");
  EXPECT_EQ(scanned(field("model", "\xFF") + end).param, "model");
  EXPECT_EQ(scanned(part("form-data; name=\"model\"; filename=\"x\"", "m") + end).param, "model");
  EXPECT_EQ(scanned(part("form-data; name=\"model\"", "bQ==", "Content-Transfer-Encoding: base64\r\n") + end).param,
            "model");
}

TEST(FormScanner, NIsReadWhereverItStands) {
  const std::string model = field("model", "m");
  EXPECT_EQ(scanned(field("n", "16") + model + file + end).n, 16);
  EXPECT_EQ(scanned(model + file + field("n", "1") + end).n, 1);
  EXPECT_EQ(scanned(model + field("N", "17") + field("nn", "x") + end).n, std::nullopt);
  for (const char* text : {"17", "0", "-1", "99999999999999999999", "", " 2", "2.0", "1_7", "+2", "two"}) {
    EXPECT_EQ(scanned(model + file + field("n", text) + end).param, "n") << text;
    EXPECT_EQ(scanned(field("n", text) + model + end).param, "n") << text;
  }
  EXPECT_EQ(scanned(model + field("n", "1") + field("n", "1") + end).param, "n");
  EXPECT_EQ(scanned(model + field("n", std::string(5'000, '1'))).param, "n");
  EXPECT_EQ(scanned(model + part("form-data; name=\"n\"; filename=\"x\"", "1") + end).param, "n");
  FormScanner counts_nothing(boundary);
  EXPECT_TRUE(counts_nothing.feed(model + field("n", "17") + end));
}

TEST(FormScanner, FieldsAreAwaitedUpToTheFile) {
  FormScanner scanner(boundary, {.n_max = 16});
  EXPECT_TRUE(scanner.feed(file + field("model", "m") + field("prompt", "a")));
  EXPECT_FALSE(scanner.has_fields());
  FormScanner with_n = scanner;
  EXPECT_TRUE(with_n.feed(field("n", "2") + field("size", "s")));
  EXPECT_TRUE(with_n.has_fields());
  EXPECT_TRUE(scanner.feed(file.substr(0, file.size() - 2)));
  EXPECT_TRUE(scanner.has_fields());
}

// What one parser takes for a model and another does not would pass an allow-list by.
TEST(FormScanner, WhatParsersReadDifferentlyIsRefused) {
  const std::string good = field("model", "m");
  for (const std::string& form : {
           good,                                                   // no end
           good + "------b0undary-",                               // half an end
           good + end + "x",                                       // something behind it
           "x" + good + end,                                       // something before it
           good + "------b0undaryx\r\n" + file + end,              // a boundary that goes on
           good + part("form-data; name=\"mod\\el\"", "x") + end,  // an escape in a name
           good + part("form-data; name=\"a\"; name=\"model\"", "x") + end,
           good + part("form-data; name*=utf-8''model", "x") + end,
           good + part("attachment; name=\"model\"", "x") + end,
           good + part("form-data", "x") + end,
           good + part("form-data; name=\"model", "x") + end,
           good + part("form-data; name=\"a\"", "x", "Content-Disposition: form-data; name=\"model\"\r\n") + end,
           good + part("form-data; name=\"a\"", "x", "X: a\nContent-Disposition: form-data; name=\"model\"\r\n") + end,
           good + part("form-data;\r\n name=\"model\"", "x") + end,              // a folded line
           good + "------b0undary\r\n\r\nx\r\n" + end,                           // no header
           good + part("form-data; name=\"a\"", "x\n------b0undary\r\n") + end,  // a boundary behind a bare line feed
           good + part("form-data; name=\"a\"", "------b0undary\r\n") + end,     // and at the very beginning of a part
           good + part("form-data; name=\"" + std::string(9000, 'a') + "\"", "x") + end,
       }) {
    EXPECT_TRUE(is_refused(form)) << form;
  }
}

TEST(FormScanner, PartsAreCounted) {
  std::string form = field("model", "m");
  for (std::size_t count = 1; count < form_parts_max; ++count)
    form += field("a", "b");
  FormScanner scanner(boundary);
  EXPECT_TRUE(scanner.feed(form));
  EXPECT_FALSE(scanner.feed(field("a", "b")));
}

TEST(FormScanner, ABoundaryIsReadFromContentType) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data ; charset=utf-8; Boundary=\"a b:c\""), "a b:c");
  EXPECT_TRUE(is_form("Multipart/Form-Data ; boundary=x"));
  EXPECT_FALSE(is_form("multipart/form-database"));
  EXPECT_FALSE(is_form("application/json"));
  for (const char* type :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a\\b\"", "multipart/form-data; boundary=\"a \""}) {
    EXPECT_FALSE(form_boundary(type)) << type;
  }
  EXPECT_FALSE(form_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}

}  // namespace
}  // namespace obleth::wire
