#pragma once

#include <memory>
#include <string>

#include "overlay/base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX, whose headers stay out of ours

namespace loop {

// What all TLS connections of one server share: certificate, key, and what is spoken. TLS 1.3 only;
// ALPN offers "h2" and "http/1.1", in that order. Sessions are resumed by tickets, so the server
// keeps nothing per client. Buffers of an idle connection are released.
class TlsContext {
 public:
  // The certificate may be followed by its chain. Errors: Malformed when OpenSSL takes one of them
  // not, or they do not belong together.
  static base::Result<TlsContext> make_server(const std::string& cert_pem,
                                              const std::string& key_pem);

  ssl_ctx_st* handle() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}

  std::unique_ptr<ssl_ctx_st, Free> context_;
};

// The latest error of OpenSSL on this thread as text; clears its queue.
std::string tls_error_text();

}  // namespace loop
