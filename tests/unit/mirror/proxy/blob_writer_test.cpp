#include "mirror/proxy/blob_writer.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "tests/unit/mirror/registry/fake_registry.h"

namespace mirror {
namespace {

class BlobWriterTest : public ::testing::Test {
 protected:
  BlobWriterTest() {
    std::string name = "/tmp/linkspan_writer_XXXXXX";
    close(mkstemp(name.data()));
    partial_.path = name;
  }
  ~BlobWriterTest() override { std::filesystem::remove(partial_.path); }

  std::shared_ptr<const File> open(int flags) const {
    const int fd = ::open(partial_.path.c_str(), flags | O_CLOEXEC);
    return fd < 0 ? nullptr : std::make_shared<const File>(fd);
  }
  static std::shared_ptr<const Chunk> chunk(std::string_view bytes) {
    auto out = std::make_shared<Chunk>();
    EXPECT_EQ(out->append(base::as_bytes(bytes)), bytes.size());
    return out;
  }
  std::string content() const {
    std::ostringstream out;
    out << std::ifstream(partial_.path, std::ios::binary).rdbuf();
    return out.str();
  }
  BlobWriter::Callbacks callbacks() {
    return {[] {}, [this](const base::Error& error) { error_ = error; }};
  }

  PartialBlob partial_;
  loop::Loop loop_;
  loop::WorkQueue work_{loop_, 16};
  std::optional<base::Error> error_;
};

TEST_F(BlobWriterTest, ChunksLandInOrderWhicheverWayEachIsWritten) {
  partial_.file = open(O_RDWR);
  partial_.direct = open(O_WRONLY | O_DIRECT);  // null where the file system has none
  const std::string bytes = some_bytes(7 * Chunk::kBytes + 1000, 1);
  BlobWriter writer(work_, partial_, callbacks());
  for (std::size_t at = 0; at < bytes.size(); at += Chunk::kBytes) {
    const bool is_read_soon = (at / Chunk::kBytes) % 3 == 1;
    ASSERT_TRUE(
        writer.add(chunk(std::string_view(bytes).substr(at, Chunk::kBytes)), is_read_soon).ok());
  }
  while (!writer.is_idle()) {
    loop_.run_once();
  }

  EXPECT_EQ(writer.done_bytes(), bytes.size());
  EXPECT_EQ(writer.digest(), crypto::sha256(base::as_bytes(bytes)));
  EXPECT_TRUE(content() == bytes);
}

TEST_F(BlobWriterTest, AFileThatCannotBeWrittenIsSaidOnce) {
  partial_.file = open(O_RDONLY);
  BlobWriter writer(work_, partial_, callbacks());
  ASSERT_TRUE(writer.add(chunk("blob"), true).ok());
  while (!error_) {
    loop_.run_once();
  }

  EXPECT_EQ(error_->text(), "write " + partial_.path + ": bad file descriptor");
}

TEST_F(BlobWriterTest, AFullQueueIsRefused) {
  partial_.file = open(O_RDWR);
  loop::WorkQueue full(loop_, 0);
  BlobWriter writer(full, partial_, callbacks());

  EXPECT_EQ(writer.add(chunk("blob"), true).error().code(), base::Errc::LimitExceeded);
}

}  // namespace
}  // namespace mirror
