// A coordinator in memory for tests of the agent: one network, one site, everybody a member. It
// enrols whoever asks, streams the site's view, and takes reports.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/crypto/certificate.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/loop.h"
#include "overlay/model/enrol.h"
#include "overlay/model/node_update.h"
#include "overlay/model/report.h"
#include "overlay/model/token.h"
#include "overlay/model/view_frame.h"

namespace agent {

class FakeCoordinator {
 public:
  static constexpr model::ViewId kView{{1}, {1}, model::Role::Member};

  // Listens in the namespace of the calling thread.
  FakeCoordinator(loop::Loop& loop, base::Address address)
      : certificate_(crypto::make_certificate({.dns_names = {},
                                               .addresses = {address},
                                               .now = loop.wall_now(),
                                               .validity = std::chrono::hours(24)})
                         .value()),
        signing_key_(crypto::IdentityKey::generate()) {
    server_ = loop::HttpServer::open(loop,
                                     {.listen = {address, 0},
                                      .cert_pem = certificate_.cert_pem,
                                      .key_pem = certificate_.key_pem},
                                     [this](const auto& request, auto responder) {
                                       answer(request, std::move(responder));
                                     })
                  .value();
    model::NetworkFact network;
    network.id = {1};
    network.name = "lab";
    network.prefixes = {base::Prefix::parse("10.192.0.0/12").value()};
    model::SiteFact site;
    site.id = {1};
    site.name = "ams";
    site.prefixes = {base::Prefix::parse("10.192.0.0/20").value()};
    change({model::upsert(network), model::upsert(site)});
  }

  std::string url() const { return "https://" + server_->local().text(); }
  std::string token() const {
    model::JoinToken token;
    token.id = {.value = 7};
    token.secret = crypto::Secret<32>::random();
    token.pin = crypto::spki_pin(certificate_.cert_pem).value();
    return token.text();
  }
  // From now on nobody is answered, and the streams end.
  void die() { server_.reset(); }

  const model::View& view() const { return view_; }
  std::map<std::string, model::NodeReport> reports;  // by node id

 private:
  using Request = loop::HttpServer::Request;
  using Responder = loop::HttpServer::Responder;
  using Frame = loop::HttpServer::Chunk;

  // One follower: what it has still to be sent. Owned by its stream's callbacks and by followers_.
  struct Follower {
    std::vector<Frame> frames;
    loop::HttpServer::Stream stream;
  };

  void answer(const Request& request, Responder responder) {
    if (request.path == "/v1/enrol") {
      responder.respond({.status = 200, .headers = {}, .body = enrol(request)});
    } else if (request.path == "/v1/view") {
      follow(std::move(responder));
    } else if (request.path == "/v1/report") {
      reports[request.header("linkspan-node")] = model::decode_node_report(request.body).value();
      responder.respond({.status = 204, .headers = {}, .body = {}});
    } else if (request.path == "/v1/update") {
      const auto update = model::decode_node_update(request.body).value();
      model::NodeFact node =
          *view_.node(model::parse_node_id(request.header("linkspan-node")).value());
      node.listen_port = update.listen_port;
      node.lan_addresses = update.lan_addresses;
      change({model::upsert(node)});
      responder.respond({.status = 204, .headers = {}, .body = {}});
    } else if (request.path == "/v1/leave") {
      const auto id = model::parse_node_id(request.header("linkspan-node")).value();
      change({model::removal({model::FactKind::Node, id.value})});
      responder.respond({.status = 204, .headers = {}, .body = {}});
    } else {
      responder.respond({.status = 200, .headers = {}, .body = "{}"});
    }
  }

  std::string enrol(const Request& request) {
    const auto body = model::decode_enrol_request(request.body).value();
    model::NodeFact node;
    node.id = {++last_id_};
    node.site = {1};
    node.name = body.name;
    node.key = body.wireguard_key;
    node.addresses = {base::Prefix::parse("10.192.0.0/20").value().address().plus(last_id_)};
    node.listen_port = body.listen_port;
    node.lan_addresses = body.lan_addresses;
    change({model::upsert(node)});
    return model::encode(model::EnrolResponse{.node_id = node.id,
                                              .network = "lab",
                                              .network_id = {1},
                                              .site = "ams",
                                              .site_id = {1},
                                              .role = model::Role::Member,
                                              .addresses = node.addresses,
                                              .view = kView,
                                              .signing_key = signing_key_.public_key(),
                                              .epoch = 1});
  }

  void follow(Responder responder) {
    auto follower = std::make_shared<Follower>();
    follower->frames.push_back(frame(true, 0, view_.snapshot()));
    follower->stream = responder.begin_stream({.status = 200,
                                               .headers = {},
                                               .pull = [follower]() -> Frame {
                                                 if (follower->frames.empty()) {
                                                   return nullptr;
                                                 }
                                                 Frame next = follower->frames.front();
                                                 follower->frames.erase(follower->frames.begin());
                                                 return next;
                                               },
                                               .on_closed = {}});
    followers_.push_back(std::move(follower));
  }

  void change(std::vector<model::FactChange> changes) {
    CHECK(view_.apply(changes).ok());
    const std::uint64_t base = sequence_++;
    model::sort_changes(changes);
    const Frame delta = frame(false, base, std::move(changes));
    for (const auto& follower : followers_) {
      follower->frames.push_back(delta);
      follower->stream.wake();
    }
  }

  Frame frame(bool is_snapshot, std::uint64_t base, std::vector<model::FactChange> changes) const {
    return std::make_shared<const std::vector<std::uint8_t>>(
        model::encode_signed(signing_key_, kView,
                             {.is_snapshot = is_snapshot,
                              .epoch = 1,
                              .base_sequence = base,
                              .sequence = sequence_,
                              .state_hash = view_.hash(),
                              .is_mass_removal_meant = false,
                              .changes = std::move(changes)})
            .value());
  }

  crypto::Certificate certificate_;
  crypto::IdentityKey signing_key_;
  model::View view_;
  std::uint64_t sequence_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<std::shared_ptr<Follower>> followers_;
  std::unique_ptr<loop::HttpServer> server_;
};

}  // namespace agent
