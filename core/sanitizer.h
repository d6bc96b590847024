/* sanitizer.h -- is this build watched by AddressSanitizer?
 *
 * Then memory is not kept for its next use, and every piece is an allocation of
 * its own, so that it sees every use of what is over or not there.
 */
#ifndef MIRRORCTL_CORE_SANITIZER_H
#define MIRRORCTL_CORE_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__) /* gcc */
#define WATCHED_BY_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) /* clang */
#define WATCHED_BY_ASAN 1
#endif
#endif
#ifndef WATCHED_BY_ASAN
#define WATCHED_BY_ASAN 0
#endif

#endif
