/* What crypto.c, x509.c and tls.c share: text out of OpenSSL's memory. */
#ifndef HUB_PEM_H
#define HUB_PEM_H

struct bio_st; /* a BIO, of OpenSSL itself */

/* What was written to a BIO_s_mem(), as memory; NULL: there is none to be had. */
char *pem_text(struct bio_st *bio);

#endif
