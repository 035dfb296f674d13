#include "tests/unit/mirror/registry/fake_registry.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "mirror/oci/range.h"
#include "overlay/base/bytes.h"
#include "overlay/base/check.h"
#include "overlay/base/random.h"
#include "overlay/crypto/digest.h"

namespace mirror {
namespace {

Digest digest_of(const std::string& bytes) {
  return Digest::sha256(crypto::sha256(base::as_bytes(bytes)));
}

std::string header_of(const std::string& request, const std::string& name) {
  const std::size_t at = request.find(name + ": ");
  return at == std::string::npos ? ""
                                 : request.substr(at + name.size() + 2,
                                                  request.find("\r\n", at) - at - name.size() - 2);
}

}  // namespace

struct FakeRegistry::Client {
  std::unique_ptr<loop::TcpSocket> socket;
  std::string input;
  std::string output;
  std::size_t sent = 0;
  std::size_t send_max = SIZE_MAX;  // of output
  bool ends = false;                // after what may be sent
  bool is_silent = false;           // stays open and idle instead
};

FakeRegistry::FakeRegistry(loop::Loop& loop) : loop_(loop) {
  auto listener = loop::TcpListener::open(
      loop, {base::Address::v4(0x7f000001), 0}, [this](std::unique_ptr<loop::TcpSocket> socket) {
        auto client = std::make_unique<Client>();
        client->socket = std::move(socket);
        client->socket->on_ready([this, raw = client.get()](loop::TcpSocket::Ready ready) {
          handle_ready(*raw, ready);
        });
        client->socket->watch(true, false);
        Client* const raw = client.get();
        clients_.emplace(raw, std::move(client));
      });
  CHECK(listener.ok());
  listener_ = std::move(listener).value();
  port_ = listener_->local().port;
}

FakeRegistry::~FakeRegistry() = default;

Digest FakeRegistry::put_blob(const std::string& bytes) {
  const Digest digest = digest_of(bytes);
  blobs_[digest.text()] = bytes;
  return digest;
}

Digest FakeRegistry::put_manifest(const std::string& tag, const std::string& bytes) {
  const Digest digest = digest_of(bytes);
  manifests_[tag] = bytes;
  manifests_[digest.text()] = bytes;
  return digest;
}

void FakeRegistry::die() {
  listener_.reset();
  clients_.clear();
}

Replica FakeRegistry::replica(std::uint32_t id, const std::string& site) const {
  return {
      ReplicaId{id}, site, "http://127.0.0.1:" + std::to_string(port_), "", {{"docker.io", false}}};
}

void FakeRegistry::drop(Client& client) {
  const auto found = clients_.find(&client);
  client.socket->watch(false, false);
  dropped_.push_back(std::move(found->second));  // its callback may be running
  clients_.erase(found);
  loop_.post([this] { dropped_.clear(); });
}

void FakeRegistry::handle_ready(Client& client, loop::TcpSocket::Ready ready) {
  if (ready.is_writable) {
    write(client);
    return;
  }
  // Byte by byte, so that a reset can leave the rest of the request unread: that is what makes the
  // kernel send RST.
  std::array<std::uint8_t, 1> byte{};
  while (true) {
    const auto got = client.socket->read(byte);
    if (!got.ok() || (got.value() && *got.value() == 0)) {
      drop(client);
      return;
    }
    if (!got.value()) {
      return;
    }
    client.input += static_cast<char>(byte[0]);
    const bool is_content = client.input.find("/blobs/") != std::string::npos;
    const bool is_line = client.input.ends_with("\r\n");
    const bool is_reset = fault == Fault::Reset && faults_left > 0 && is_content && is_line;
    if (is_reset || client.input.ends_with("\r\n\r\n")) {
      answer(client);
      return;
    }
  }
}

std::string FakeRegistry::body_of(const std::string& target) const {
  const std::string path = target.substr(0, target.find('?'));
  const std::string last = path.substr(path.rfind('/') + 1);
  const auto& from = path.find("/blobs/") != std::string::npos ? blobs_ : manifests_;
  const auto found = from.find(last);
  return found == from.end() ? "" : found->second;
}

void FakeRegistry::answer(Client& client) {
  const std::string request = std::exchange(client.input, "");
  const std::size_t space = request.find(' ');
  const std::string method = request.substr(0, space);
  std::string target = request.substr(space + 1, request.find(' ', space + 1) - space - 1);
  const std::string range_text = header_of(request, "Range");
  const bool is_content = target != "/v2/";
  const bool is_redirected = target.starts_with("/elsewhere");
  Fault fault_now = Fault::None;
  if (is_content) {
    requests.push_back(method + " " + target.substr(0, target.find('?')) +
                       (range_text.empty() ? "" : " " + range_text));
    if (faults_left > 0 && fault != Fault::None && !is_redirected) {
      --faults_left;
      fault_now = fault;
    }
  }
  if (is_redirected) {
    target = target.substr(10);
  }
  std::string body = is_content ? body_of(target) : "{}";
  std::string status = body.empty() ? "404 Not Found" : "200 OK";
  std::string headers = is_content && target.find("/manifests/") != std::string::npos
                            ? "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"
                            : "Content-Type: application/octet-stream\r\n";
  const RangeAnswer range = answer_range(range_text, body.size());
  if (range.kind == RangeAnswer::Kind::Partial && fault_now != Fault::NoRange) {
    status = "206 Partial Content";
    ByteRange named = range.range;
    if (fault_now == Fault::WrongRange) {
      named.first += 1;
    }
    headers += "Content-Range: " + format_content_range({named, body.size()}) + "\r\n";
    body = body.substr(static_cast<std::size_t>(range.range.first),
                       static_cast<std::size_t>(range.range.size_bytes()));
  }
  client.send_max = SIZE_MAX;
  std::optional<std::size_t> cut;
  switch (fault_now) {
    case Fault::None:
    case Fault::NoRange:
    case Fault::WrongRange:
      break;
    case Fault::Status500:
      status = "500 Internal Server Error";
      break;
    case Fault::TooMany:
      status = "429 Too Many Requests";
      headers += "Retry-After: 20\r\n";
      break;
    case Fault::Denied:
      status = "401 Unauthorized";
      headers += "WWW-Authenticate: Bearer realm=\"https://auth.example/token\"\r\n";
      break;
    case Fault::Html:
      headers = "Content-Type: text/html; charset=utf-8\r\n";
      break;
    case Fault::Encoded:
      headers += "Content-Encoding: gzip\r\n";
      break;
    case Fault::Redirect:
      status = "307 Temporary Redirect";
      headers += "Location: /elsewhere" + target + "\r\n";
      body.clear();
      break;
    case Fault::WrongBytes:
      body[static_cast<std::size_t>(fault_at)] ^= 1;
      break;
    case Fault::ShortBody:
    case Fault::Reset:
      cut = fault_at;
      client.ends = true;
      break;
    case Fault::Silent:
      cut = fault_at;
      client.is_silent = true;
      break;
    case Fault::NeverAnswers:
      cut = 0;
      client.is_silent = true;
      break;
  }
  client.output = "HTTP/1.1 " + status + "\r\n" + headers +
                  "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  if (cut) {
    client.send_max = (fault_now == Fault::NeverAnswers ? 0 : client.output.size()) + *cut;
  }
  if (method != "HEAD") {
    client.output += body;
  }
  client.sent = 0;
  write(client);
}

void FakeRegistry::write(Client& client) {
  const std::size_t end = std::min(client.output.size(), client.send_max);
  while (client.sent < end) {
    const auto rest = std::string_view(client.output).substr(client.sent, end - client.sent);
    const auto sent = client.socket->write(base::as_bytes(rest), false);
    if (!sent.ok()) {
      drop(client);
      return;
    }
    if (!sent.value()) {
      client.socket->watch(false, true);
      return;
    }
    client.sent += *sent.value();
  }
  if (client.ends) {
    drop(client);
    return;
  }
  client.socket->watch(!client.is_silent, false);
}

std::string manifest_text(const Digest& layer, std::size_t size) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[{"digest":")" +
         layer.text() + R"(","size":)" + std::to_string(size) + "}]}";
}

std::string some_bytes(std::size_t size, std::uint64_t seed) {
  std::string out(size, '\0');
  base::SeededRandom random(seed);
  random.fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

}  // namespace mirror
