#include "overlay/loop/tls_context.h"

#include <array>
#include <climits>
#include <string_view>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "overlay/base/check.h"

namespace loop {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio bio_of(const std::string& text) {
  CHECK(text.size() <= INT_MAX);
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

// Never asks for a passphrase: the key file is protected by its mode.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

base::Status use_certificates(SSL_CTX* context, const std::string& pem) {
  const Bio bio = bio_of(pem);
  Certificate leaf(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr), &X509_free);
  if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return base::Error(base::Errc::Malformed, "tls certificate: " + tls_error_text());
  }
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return base::Error(base::Errc::Malformed, "tls certificate chain: " + tls_error_text());
    }
  }
  ERR_clear_error();  // the read that found no more
  return {};
}

base::Status use_key(SSL_CTX* context, const std::string& pem) {
  const Bio bio = bio_of(pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr),
                &EVP_PKEY_free);
  if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return base::Error(base::Errc::Malformed, "tls key: " + tls_error_text());
  }
  return {};
}

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::array<unsigned char, 12> kSpoken{2,   'h', '2', 8,   'h', 't',
                                                         't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int outcome = SSL_select_next_proto(&chosen, out_size, kSpoken.data(), kSpoken.size(),
                                            offered, offered_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

base::Result<TlsContext> TlsContext::make_server(const std::string& cert_pem,
                                                 const std::string& key_pem) {
  ERR_clear_error();
  TlsContext made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.handle();
  CHECK(context != nullptr);
  CHECK(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  if (auto status = use_certificates(context, cert_pem); !status.ok()) {
    return status.error();
  }
  if (auto status = use_key(context, key_pem); !status.ok()) {
    return status.error();
  }
  return made;
}

std::string tls_error_text() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "not understood" : reason;
}

}  // namespace loop
