// A registry on loopback, on the test's own loop, that misbehaves on demand.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mirror/oci/digest.h"
#include "mirror/select/site_map.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/tcp.h"
#include "overlay/loop/timer.h"

namespace mirror {

enum class Fault {
  None,
  Status500,
  TooMany,       // 429 with Retry-After
  Denied,        // 401 with a challenge
  Html,          // 200 text/html
  ShortBody,     // FIN after fault_at bytes
  Reset,         // RST after fault_at bytes
  Silent,        // nothing more after fault_at bytes
  NeverAnswers,  // takes the request and says nothing
  WrongBytes,    // the byte at fault_at differs
  NoRange,       // 200 with everything
  WrongRange,    // 206 that begins elsewhere
  Encoded,       // Content-Encoding: gzip
  Redirect,      // 307 to the same path below /elsewhere
};

class FakeRegistry {
 public:
  explicit FakeRegistry(loop::Loop& loop);
  ~FakeRegistry();
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  Digest put_blob(const std::string& bytes);
  Digest put_manifest(const std::string& tag, const std::string& bytes);
  void drop_tag(const std::string& tag) { manifests_.erase(tag); }

  // For requests of content; GET /v2/ is always answered.
  Fault fault = Fault::None;
  std::uint64_t fault_at = 0;
  int faults_left = 1'000'000;  // then it behaves
  // Requests of content, as "GET /v2/... bytes=5-".
  std::vector<std::string> requests;

  // Refuses connections from now on, and drops those it has.
  void die();

  Replica replica(std::uint32_t id, const std::string& site) const;

 private:
  struct Client;

  void handle_ready(Client& client, loop::TcpSocket::Ready ready);
  void answer(Client& client);
  std::string body_of(const std::string& target) const;
  void write(Client& client);
  void drop(Client& client);

  loop::Loop& loop_;
  std::unique_ptr<loop::TcpListener> listener_;
  std::uint16_t port_ = 0;
  std::map<Client*, std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Client>> dropped_;
  std::map<std::string, std::string> blobs_;
  std::map<std::string, std::string> manifests_;  // by tag and by digest
};

// The body of a manifest that names one layer.
std::string manifest_text(const Digest& layer, std::size_t size);
// `size` bytes that differ by `seed`.
std::string some_bytes(std::size_t size, std::uint64_t seed);

}  // namespace mirror
