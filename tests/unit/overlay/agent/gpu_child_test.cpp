// What the agent's child says of the GPUs: scripts in its place, and the command line itself with a
// library that plays NVML.
#include "overlay/agent/gpu_child.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "overlay/loop/files.h"
#include "overlay/loop/loop.h"
#include "tests/unit/overlay/loop/temporary_directory.h"

namespace agent {
namespace {

class GpuChildTest : public ::testing::Test {
 protected:
  std::string script(const std::string& body) {
    const std::string path = directory_.path() + "/linkspan";
    EXPECT_TRUE(loop::write_file_atomic(path, "#!/bin/sh\n" + body + "\n", 0755).ok());
    return path;
  }
  std::string answer_of(const std::string& program) {
    std::optional<GpuAnswerResult> answer;
    auto child = ask_gpus(loop_, program, [&](const GpuAnswerResult& given) {
      answer = given;
      loop_.stop();
    });
    if (!child.ok()) {
      return child.error().text();
    }
    while (!answer) {
      loop_.run();
    }
    if (!answer->ok()) {
      return answer->error().text();
    }
    return model::gpus_json(answer->value().gpus).dump() + answer->value().why;
  }

  loop::Loop loop_;
  loop::TemporaryDirectory directory_;
};

TEST_F(GpuChildTest, CommandLinesAnswerIsRead) {
  const std::string program =
      script("export LD_LIBRARY_PATH=" FAKE_NVML_DIRECTORY "\nexec " LINKSPAN_PROGRAM " \"$@\"");

  EXPECT_EQ(answer_of(program),
            R"({"driver":"580.65.06","devices":[)"
            R"({"model":"NVIDIA H200","count":1,"memory_bytes":150000},)"
            R"({"model":"NVIDIA H200 MIG 1g.18gb","count":1,"memory_bytes":18000}]})");
}

TEST_F(GpuChildTest, ChildThatIsEndedBySignalIsAFailure) {
  EXPECT_EQ(answer_of(script("kill -SEGV $$")), "linkspan gpus: ended by signal 11");
}

TEST_F(GpuChildTest, ChildThatFailsIsQuoted) {
  EXPECT_EQ(answer_of(script("echo no such command >&2; exit 2")),
            "linkspan gpus: exit status 2: no such command");
}

TEST_F(GpuChildTest, WhatIsNoAnswerIsRefused) {
  EXPECT_EQ(answer_of(script("echo hello")), "linkspan gpus: gpus: not JSON");
  EXPECT_EQ(answer_of(script("exit 0")), "linkspan gpus: gpus: not JSON");
}

TEST_F(GpuChildTest, ChildThatTalksWithoutEndIsCut) {
  EXPECT_EQ(answer_of(script("head -c 100000 /dev/zero")), "linkspan gpus: more than 65536 bytes");
}

TEST_F(GpuChildTest, ProgramThatIsNotThereIsSaid) {
  EXPECT_NE(answer_of("/nowhere/linkspan").find("/nowhere/linkspan"), std::string::npos);
}

TEST_F(GpuChildTest, ChildOverItsTimeIsAFailureWhateverItPrinted) {
  const loop::Process::Exit exit{.status = 0,
                                 .signal = 0,
                                 .is_timed_out = true,
                                 .is_output_cut = false,
                                 .out = "{}",
                                 .err = {}};

  EXPECT_EQ(read_gpu_answer(exit).error().text(), "linkspan gpus: no end within the deadline");
}

}  // namespace
}  // namespace agent
