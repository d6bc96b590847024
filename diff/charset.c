#include "diff/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>

enum { CHUNK = 16 * 1024 };

/* A name as Content-Type may give it, and as iconv knows it; NULL: UTF-8. US-ASCII is
 * part of UTF-8, and what is not in it shows as damage there. */
struct charset {
    struct str name;
    const char *iconv;
};

#define CHARSET(name, iconv)  \
    {                         \
        STR_INIT(name), iconv \
    }

/* iso-8859-1 is windows-1252 to every browser, so servers send that under its name. */
static const struct charset charsets[] = {
    CHARSET("utf-8", NULL),
    CHARSET("utf8", NULL),
    CHARSET("us-ascii", NULL),
    CHARSET("ascii", NULL),
    CHARSET("iso-8859-1", "CP1252"),
    CHARSET("latin1", "CP1252"),
    CHARSET("windows-1252", "CP1252"),
    CHARSET("cp1252", "CP1252"),
    CHARSET("iso-8859-2", "ISO-8859-2"),
    CHARSET("iso-8859-3", "ISO-8859-3"),
    CHARSET("iso-8859-4", "ISO-8859-4"),
    CHARSET("iso-8859-5", "ISO-8859-5"),
    CHARSET("iso-8859-6", "ISO-8859-6"),
    CHARSET("iso-8859-7", "ISO-8859-7"),
    CHARSET("iso-8859-8", "ISO-8859-8"),
    CHARSET("iso-8859-9", "CP1254"),
    CHARSET("iso-8859-10", "ISO-8859-10"),
    CHARSET("iso-8859-13", "ISO-8859-13"),
    CHARSET("iso-8859-14", "ISO-8859-14"),
    CHARSET("iso-8859-15", "ISO-8859-15"),
    CHARSET("iso-8859-16", "ISO-8859-16"),
    CHARSET("windows-1250", "CP1250"),
    CHARSET("windows-1251", "CP1251"),
    CHARSET("windows-1253", "CP1253"),
    CHARSET("windows-1254", "CP1254"),
    CHARSET("windows-1255", "CP1255"),
    CHARSET("windows-1256", "CP1256"),
    CHARSET("windows-1257", "CP1257"),
    CHARSET("windows-1258", "CP1258"),
    CHARSET("koi8-r", "KOI8-R"),
    CHARSET("koi8-u", "KOI8-U"),
    CHARSET("ibm866", "CP866"),
    CHARSET("macintosh", "MACINTOSH"),
    CHARSET("gbk", "GB18030"),
    CHARSET("gb2312", "GB18030"),
    CHARSET("gb18030", "GB18030"),
    CHARSET("big5", "BIG5-HKSCS"),
    CHARSET("shift_jis", "CP932"),
    CHARSET("euc-jp", "EUC-JP"),
    CHARSET("euc-kr", "CP949"),
    CHARSET("utf-16", "UTF-16LE"),
    CHARSET("utf-16le", "UTF-16LE"),
    CHARSET("utf-16be", "UTF-16BE"),
};

static const struct charset *find(struct str name)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
        if (str_ieq(charsets[i].name, name))
            return &charsets[i];
    }
    return NULL;
}

/* CP1252 leaves five bytes open, and browsers read them as the controls of Latin-1. */
static bool is_latin(const char *iconv_name)
{
    return strcmp(iconv_name, "CP1252") == 0;
}

static enum charset_result convert(iconv_t cd, const char *from, struct str bytes, struct buf *out,
                                   struct err *e)
{
    char *in = (char *)(uintptr_t)bytes.data; /* iconv() does not write there */
    size_t left = bytes.len;

    while (left) {
        size_t room, rc;
        char *to;

        if (out->max - out->len < CHUNK)
            return CHARSET_BROKEN;
        if (buf_reserve(out, CHUNK, e) < 0)
            return CHARSET_NOMEM;
        to = out->data + out->len;
        room = CHUNK - 2;
        rc = iconv(cd, &in, &left, &to, &room);
        if (rc == (size_t)-1 && errno == EILSEQ && is_latin(from)) {
            *to++ = (char)0xc2;
            *to++ = *in++;
            left--;
        } else if (rc == (size_t)-1 && errno != E2BIG) {
            return CHARSET_BROKEN;
        }
        out->len = (size_t)(to - out->data);
        out->data[out->len] = '\0';
    }
    return CHARSET_READ;
}

enum charset_result charset_read(struct str name, struct str bytes, struct buf *out, struct err *e)
{
    const struct charset *found = name.len ? find(name) : NULL;
    const char *from = found ? found->iconv : NULL;
    enum charset_result rc;
    iconv_t cd;

    if (str_starts(bytes, STR("\xff\xfe")) || str_starts(bytes, STR("\xfe\xff"))) {
        from = bytes.data[0] == '\xff' ? "UTF-16LE" : "UTF-16BE";
        bytes = str_skip(bytes, 2);
    } else if (name.len && !found) {
        return CHARSET_UNKNOWN;
    }
    if (!from)
        return CHARSET_SAME;
    cd = iconv_open("UTF-8", from);
    if (cd == (iconv_t)-1) {
        if (errno != ENOMEM)
            return CHARSET_UNKNOWN;
        err_nomem(e, "reading a charset");
        return CHARSET_NOMEM;
    }
    rc = convert(cd, from, bytes, out, e);
    iconv_close(cd);
    return rc;
}
