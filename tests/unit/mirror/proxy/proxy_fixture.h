#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "mirror/proxy/node.h"
#include "overlay/base/random.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"
#include "tests/unit/mirror/registry/fake_registry.h"

namespace mirror {

// A mirror node with two fake replicas, the first one in its own site, and a client.
class ProxyFixture : public ::testing::Test {
 protected:
  // Outlives the loop, whose end waits for jobs that still write there.
  struct TemporaryDirectory {
    TemporaryDirectory() {
      std::string name = "/tmp/linkspan_proxy_XXXXXX";
      path = mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::string path;
  };

  ProxyFixture() { start(std::uint64_t{1} << 30); }

  void start(std::uint64_t cache_bytes_max) {
    node_.reset();
    Node::Options options;
    options.listen = {base::Address::v4(0x7f000001), 0};
    options.cache = {directory_, cache_bytes_max, 0};
    auto node = Node::open(loop_, random_, options);
    ASSERT_TRUE(node.ok()) << node.error().text();
    node_ = std::move(node).value();
    use_replicas();
  }
  void use_replicas() {
    SiteMap map;
    map.site = "near";
    map.node = "n";
    map.replicas = {near_.replica(1, "near"), far_.replica(2, "far")};
    node_->set_site_map(std::move(map));
  }

  // Turns the loop until `is_done`; false after 60 s.
  bool run_until(const std::function<bool()>& is_done) {
    bool is_late = false;
    loop::Timer limit(loop_, [&] { is_late = true; });
    limit.start_after(std::chrono::seconds(60));
    while (!is_done() && !is_late) {
      loop_.run_once();
    }
    return !is_late;
  }

  std::string url(const std::string& target) const {
    return "http://" + node_->local().text() + target;
  }
  static std::string blob_target(const Digest& digest) {
    return "/v2/library/a/blobs/" + digest.text();
  }

  base::Result<loop::HttpResponse> ask(const std::string& method, const std::string& target,
                                       const std::string& range = "") {
    std::optional<base::Result<loop::HttpResponse>> answer;
    loop::HttpRequest request;
    request.method = method;
    request.url = url(target);
    request.body_bytes_max = 256U << 20;
    request.idle_timeout = std::chrono::seconds(15);
    if (!range.empty()) {
      request.headers.push_back({"Range", range});
    }
    const auto handle = client_.send(
        std::move(request),
        [&](base::Result<loop::HttpResponse> response) { answer = std::move(response); });
    if (!run_until([&] { return answer.has_value(); })) {
      return base::Error(base::Errc::Unavailable, "no answer in 60 s");
    }
    return *std::move(answer);
  }
  loop::HttpResponse get(const std::string& target, const std::string& range = "") {
    auto answer = ask("GET", target, range);
    EXPECT_TRUE(answer.ok()) << answer.error().text();
    return answer.ok() ? std::move(answer).value() : loop::HttpResponse();
  }
  static std::string header(const loop::HttpResponse& response, const std::string& name) {
    const std::string* const value = response.find(name);
    return value == nullptr ? "" : *value;
  }

  // Puts the same blob into both replicas.
  Digest put_both(const std::string& bytes) {
    far_.put_blob(bytes);
    return near_.put_blob(bytes);
  }

  TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path;
  loop::Loop loop_;
  base::SeededRandom random_{1};
  FakeRegistry near_{loop_};
  FakeRegistry far_{loop_};
  loop::HttpClient client_{loop_};
  std::unique_ptr<Node> node_;
};

}  // namespace mirror
