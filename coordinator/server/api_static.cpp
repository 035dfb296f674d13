// What needs no state: health, metrics, the OpenAPI document, the join script, packages.
#include <utility>

#include "coordinator/server/api.h"
#include "coordinator/server/embedded.h"
#include "overlay/crypto/certificate.h"

namespace coordinator {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string_view text_of(Committer::Phase phase) {
  switch (phase) {
    case Committer::Phase::Stopped:
    case Committer::Phase::Opening:
      return "starting";
    case Committer::Phase::Ready:
      return "ready";
    case Committer::Phase::Failed:
      return "failed";
  }
  return "";
}

}  // namespace

void Api::get_health(const CallPointer& call) {
  const Committer::Phase phase = parts_.committer.phase();
  const bool is_ready = phase == Committer::Phase::Ready;
  const nlohmann::json body = {{"state", text_of(phase)}, {"detail", parts_.committer.trouble()}};
  answer(call, json_response(is_ready ? 200 : 503, body.dump()));
}

void Api::get_metrics(const CallPointer& call) {
  if (settings_.gather) {
    settings_.gather(parts_.metrics);
  }
  Response response;
  response.headers["content-type"] = "text/plain; version=0.0.4; charset=utf-8";
  response.body = parts_.metrics.text();
  answer(call, std::move(response));
}

void Api::get_openapi(const CallPointer& call) {
  answer(call, json_response(200, std::string(openapi_document())));
}

void Api::get_join(const CallPointer& call) {
  parts_.packages.to_install([this, call](const std::vector<std::string>& names) {
    std::string packages;
    for (const std::string& name : names) {
      packages += (packages.empty() ? "" : " ") + name;
    }
    std::string script(join_script());
    replace_all(script, "@URL@", settings_.url);
    replace_all(script, "@PIN@", crypto::curl_pin(settings_.pin));
    replace_all(script, "@PACKAGES@", packages);
    Response response;
    response.headers["content-type"] = "text/x-shellscript; charset=utf-8";
    response.headers["cache-control"] = "no-store";
    response.body = std::move(script);
    answer(call, std::move(response));
  });
}

void Api::get_package(const CallPointer& call) {
  parts_.packages.get(
      call->parameters[0], [this, call](const base::Result<Packages::Content>& content) {
        if (!content.ok()) {
          answer(call, problem({.status = status_of(content.error().code()),
                                .detail = content.error().text(),
                                .field = "file",
                                .value = call->parameters[0].substr(0, 64)}));
          return;
        }
        if (call->requests != nullptr) {
          call->requests->add();
        }
        // The one chunk is handed over once; the content's owner is the cache and whoever still
        // sends.
        auto rest = std::make_shared<Packages::Content>(content.value());
        auto stream = std::make_shared<loop::HttpServer::Stream>();
        *stream = call->responder.begin_stream(
            {.status = 200,
             .headers = {{"content-type", "application/vnd.debian.binary-package"},
                         {"content-length", std::to_string(content.value()->size())}},
             .pull = [rest, stream]() -> loop::HttpServer::Chunk {
               stream->close();
               return std::exchange(*rest, nullptr);
             },
             .on_closed = {}});
      });
}

}  // namespace coordinator
