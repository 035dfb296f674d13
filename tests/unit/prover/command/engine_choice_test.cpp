#include "prover/engine_choice.h"

#include <gtest/gtest.h>

namespace prover {
namespace {

// This program stands beside no library of the CUDA engine.
constexpr const char* kWhy =
    "no GPU engine: liblinkspan-gpu.so: cannot open shared object file: No such file or directory";

TEST(EngineChoiceTest, AutoTakesTheProcessorWhereThereIsNoGpuAndSaysWhy) {
  const auto choice = choose_engine({.engine = "auto", .threads = 3}, {.degree_max = 31});
  ASSERT_TRUE(choice.ok());
  EXPECT_FALSE(choice.value().gpu.has_value());
  EXPECT_EQ(choice.value().why_no_gpu, kWhy);
  EXPECT_EQ(choice.value().cpu.threads, 3U);
  EXPECT_EQ(choice.value().cpu.arithmetic, gpu::best_arithmetic());
  EXPECT_FALSE(choice.value().transform()) << "the processor does it";
}

TEST(EngineChoiceTest, CudaInsists) {
  const auto choice = choose_engine({.engine = "cuda"}, {.degree_max = 31});
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().code(), base::Errc::NotFound);
  EXPECT_EQ(choice.error().text(), std::string("--engine cuda: ") + kWhy);
}

TEST(EngineChoiceTest, ProcessorByNameAsksForNoLibrary) {
  const auto choice = choose_engine({.engine = "scalar"}, {.degree_max = 31});
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice.value().why_no_gpu, "");
  EXPECT_EQ(choice.value().cpu.arithmetic, gpu::Arithmetic::Scalar);
  gpu::use_arithmetic(gpu::best_arithmetic());
}

TEST(EngineChoiceTest, WrongFlagsAreNamed) {
  EXPECT_EQ(choose_engine({.engine = "cudaa"}, {}).error().text(),
            "--engine: \"cudaa\", expected auto, cuda, scalar, adx, fma or ifma");
  EXPECT_EQ(choose_engine({.engine = "auto", .batch = 12}, {}).error().text(),
            "--batch: 12, expected a multiple of 8");
}

}  // namespace
}  // namespace prover
