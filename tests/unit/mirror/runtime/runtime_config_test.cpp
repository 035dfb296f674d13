#include "mirror/runtime/runtime_config.h"

#include <cstdlib>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "overlay/base/bytes.h"
#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"
#include "overlay/loop/files.h"

namespace mirror {
namespace {

class RuntimeConfigTest : public ::testing::Test {
 protected:
  RuntimeConfigTest() {
    std::string name = "/tmp/linkspan_runtime_XXXXXX";
    top_ = mkdtemp(name.data());
    std::filesystem::create_directories(top_ + "/etc");
  }
  ~RuntimeConfigTest() override { std::filesystem::remove_all(top_); }

  RuntimeConfig config() {
    RuntimeConfig::Options options;
    options.state_directory = top_ + "/state";
    options.certs_directory = top_ + "/etc/containerd/certs.d";
    return RuntimeConfig(options, random_);
  }
  void write(const std::string& path, const std::string& text, mode_t mode) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    ASSERT_TRUE(loop::write_file_atomic(path, text, mode).ok());
  }
  static std::string read(const std::string& path) {
    const auto text = loop::read_file(path, 1 << 20);
    return text.ok() ? text.value() : "(" + text.error().text() + ")";
  }
  // Every path below the top with its mode and content.
  std::map<std::string, std::string> everything() {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top_)) {
      struct stat info {};
      stat(entry.path().c_str(), &info);
      out[entry.path()] = std::to_string(info.st_mode) + " " +
                          (entry.is_regular_file() ? read(entry.path()) : std::string());
    }
    return out;
  }

  // The installation forgets what it did: the journal and the backups are gone.
  void lose_state() { std::filesystem::remove_all(top_ + "/state"); }

  std::string hub() { return top_ + "/etc/containerd/certs.d/docker.io/hosts.toml"; }
  std::string lab() { return top_ + "/etc/containerd/certs.d/images.lab:5000/hosts.toml"; }

  const std::vector<Source> sources_ = {{"docker.io", false}, {"images.lab:5000", true}};
  base::SeededRandom random_{1};
  std::string top_;
};

TEST_F(RuntimeConfigTest, RemoveLeavesNothingOfWhatApplyMade) {
  const auto before = everything();

  ASSERT_TRUE(config().apply(sources_).ok());
  EXPECT_TRUE(check_hosts_file(read(hub()), "http://127.0.0.1:7755").ok());
  EXPECT_TRUE(check_hosts_file(read(lab()), "http://127.0.0.1:7755").ok());
  ASSERT_TRUE(config().remove().ok());

  EXPECT_EQ(everything(), before);
}

TEST_F(RuntimeConfigTest, AForeignFileIsMergedAndPutBackByteForByte) {
  write(hub(), "# mine\nserver = \"https://x\"\n[host.\"https://m\"]\n  capabilities=[\"pull\"]",
        0600);
  const auto before = everything();

  ASSERT_TRUE(config().apply(sources_).ok());
  EXPECT_NE(read(hub()).find("# mine\n"), std::string::npos);
  EXPECT_TRUE(check_hosts_file(read(hub()), "http://127.0.0.1:7755").ok());
  ASSERT_TRUE(config().apply(sources_).ok());
  ASSERT_TRUE(config().remove().ok());

  EXPECT_EQ(everything(), before);
}

TEST_F(RuntimeConfigTest, ApplyingAgainChangesNothing) {
  ASSERT_TRUE(config().apply(sources_).ok());
  const auto before = everything();

  const auto report = config().apply(sources_);

  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report.value().done.empty());
  EXPECT_EQ(everything(), before);
}

TEST_F(RuntimeConfigTest, AFileChangedByHandIsLeftAloneByApplyAndRemove) {
  ASSERT_TRUE(config().apply(sources_).ok());
  const std::string changed = read(hub()) + "# mine\n";
  write(hub(), changed, 0644);

  const auto applied = config().apply(sources_);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied.value().left,
            std::vector<std::string>{hub() + ": changed by hand since it was written"});
  const auto removed = config().remove();

  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed.value().left, std::vector<std::string>{hub() + ": not as it was written"});
  EXPECT_EQ(read(hub()), changed);
}

TEST_F(RuntimeConfigTest, SourcesThatWentAwayAreUndone) {
  write(lab(), "server = \"http://y\"\n", 0644);
  ASSERT_TRUE(config().apply(sources_).ok());

  ASSERT_TRUE(config().apply({{"docker.io", false}}).ok());

  EXPECT_EQ(read(lab()), "server = \"http://y\"\n");
  EXPECT_TRUE(read_hosts_mark(read(hub())).has_value());
}

TEST_F(RuntimeConfigTest, AFileThatIsNotTomlIsLeftAsItIs) {
  write(hub(), "server = ", 0644);

  const auto report = config().apply({{"docker.io", false}});

  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report.value().left.size(), 1u);
  EXPECT_EQ(read(hub()), "server = ");
}

TEST_F(RuntimeConfigTest, TheFolderThatContainerdPrefersIsUsedWhereItExists) {
  const std::string preferred = top_ + "/etc/containerd/certs.d/images.lab_5000_/hosts.toml";
  write(preferred, "server = \"http://y\"\n", 0644);

  ASSERT_TRUE(config().apply({{"images.lab:5000", true}}).ok());

  EXPECT_TRUE(check_hosts_file(read(preferred), "http://127.0.0.1:7755").ok());
  EXPECT_FALSE(loop::path_exists(lab()));
}

TEST_F(RuntimeConfigTest, FilesPutIntoOurFoldersBySomebodyElseStay) {
  ASSERT_TRUE(config().apply(sources_).ok());
  const std::string other = top_ + "/etc/containerd/certs.d/docker.io/ca.crt";
  write(other, "x", 0644);

  ASSERT_TRUE(config().remove().ok());

  EXPECT_EQ(read(other), "x");
  EXPECT_FALSE(loop::path_exists(hub()));
}

TEST_F(RuntimeConfigTest, RemoveWithoutApplyAndTwiceIsHarmless) {
  ASSERT_TRUE(config().remove().ok());
  ASSERT_TRUE(config().apply(sources_).ok());
  ASSERT_TRUE(config().remove().ok());
  EXPECT_TRUE(config().remove().ok());
}

TEST_F(RuntimeConfigTest, AnOperatorsFileOutlivesALostJournal) {
  const std::string theirs = "# mine\n[host.\"https://m\"]\n  capabilities=[\"pull\"]\n";
  write(hub(), theirs, 0644);
  ASSERT_TRUE(config().apply(sources_).ok());
  const std::string merged = read(hub());

  lose_state();
  ASSERT_TRUE(config().apply(sources_).ok());
  EXPECT_NE(read(hub()).find("# mine\n"), std::string::npos);
  EXPECT_TRUE(check_hosts_file(read(hub()), "http://127.0.0.1:7755").ok());
  EXPECT_EQ(read(hub()).size(), merged.size());  // merged anew, not twice
  ASSERT_TRUE(config().remove().ok());

  EXPECT_EQ(read(hub()), theirs);
}

TEST_F(RuntimeConfigTest, AFileThatWasAllOursGoesEvenAfterALostJournal) {
  ASSERT_TRUE(config().apply(sources_).ok());

  lose_state();
  ASSERT_TRUE(config().apply(sources_).ok());
  ASSERT_TRUE(config().remove().ok());

  EXPECT_FALSE(loop::path_exists(hub()));
  EXPECT_FALSE(loop::path_exists(lab()));
}

TEST_F(RuntimeConfigTest, ACrashAfterALostJournalLosesNothing) {
  write(hub(), "server = \"https://x\"\n", 0644);
  ASSERT_TRUE(config().apply(sources_).ok());
  const std::string merged = read(hub());
  lose_state();
  ASSERT_TRUE(config().apply(sources_).ok());
  write(hub(), merged, 0644);  // as if the second apply had only written its journal

  ASSERT_TRUE(config().remove().ok());

  EXPECT_EQ(read(hub()), "server = \"https://x\"\n");
}

TEST_F(RuntimeConfigTest, AFileThatAnotherInstallationWroteIsNotRemoved) {
  ASSERT_TRUE(config().apply(sources_).ok());
  const HostsTemplate other{std::string(32, 'b'), "http://127.0.0.1:7755"};
  const std::string copied = merge_hosts_file(other, "server = \"https://x\"\n").value();
  write(hub(), copied, 0644);  // brought here by who manages the configuration of many hosts

  const auto removed = config().remove();

  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed.value().left, std::vector<std::string>{hub() + ": not as it was written"});
  EXPECT_EQ(read(hub()), copied);
}

TEST_F(RuntimeConfigTest, AMarkedFileThatCannotBeTakenApartIsLeftAlone) {
  ASSERT_TRUE(config().apply(sources_).ok());
  const std::string merged = read(hub());
  const std::string without_host = merged.substr(0, merged.find('\n') + 1);
  std::string forged = without_host + "server = \"https://x\"\n";
  const auto hash = crypto::sha256(base::as_bytes(forged.substr(without_host.size())));
  forged.replace(without_host.size() - 65, 64, base::hex_encode(hash));
  write(hub(), forged, 0644);
  lose_state();

  const auto report = config().apply({{"docker.io", false}});

  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.value().left,
            std::vector<std::string>{hub() + ": in no journal here, and hosts.toml: has no host"
                                             " of ours in front"});
  EXPECT_EQ(read(hub()), forged);
}

TEST_F(RuntimeConfigTest, ACrashBetweenJournalAndFileIsUndone) {
  write(hub(), "server = \"https://x\"\n", 0644);
  ASSERT_TRUE(config().apply(sources_).ok());
  write(hub(), "server = \"https://x\"\n", 0644);  // as if the new file had never been written

  ASSERT_TRUE(config().remove().ok());

  EXPECT_EQ(read(hub()), "server = \"https://x\"\n");
}

}  // namespace
}  // namespace mirror
