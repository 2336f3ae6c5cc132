#include "wire/model_list.hpp"

#include <gtest/gtest.h>

namespace obleth::wire {
namespace {

TEST(ModelList, ObjectsKeepEveryByte) {
  const std::string object = R"({ "id" : "meta\/llama", "created":1.50, "x":{"y":[1, 2]} })";
  const auto models = read_model_list(R"({"object":"list","data":[)" + object + R"(,{"id":"b"}],"more":1})");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ((*models)[0].id, "meta/llama");
  EXPECT_EQ((*models)[0].object, object);
  EXPECT_EQ(render_model_list(*models), R"({"object":"list","data":[)" + object + R"(,{"id":"b"}]})");
}

TEST(ModelList, WhatIsNotAListOfModelsIsNotTaken) {
  for (const char* text : {"", "[]", "{}", R"({"data":{}})", R"({"data":[{}]})", R"({"data":[{"id":1}]})",
                           R"({"data":[{"id":"a"}])", R"({"data":[{"id":"a"}]} x)"}) {
    EXPECT_FALSE(read_model_list(text)) << text;
  }
}

TEST(ModelList, OurOwnEntryIsAModelObject) {
  const ListedModel model = registered_model("a\"b", 7, 8192);
  EXPECT_EQ(model.object, R"({"id":"a\"b","object":"model","created":7,"owned_by":"obleth","max_model_len":8192})");
}

TEST(ModelList, AnEmptyListIsAList) {
  const auto models = read_model_list(R"({"data":[]})");
  ASSERT_TRUE(models);
  EXPECT_EQ(render_model_list(*models), R"({"object":"list","data":[]})");
}

}  // namespace
}  // namespace obleth::wire
