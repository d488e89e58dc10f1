/* SPDX-License-Identifier: Apache-2.0 */
/* log.h: one line a message on stderr. */
#ifndef BW_LOG_H
#define BW_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* 0, or -1 when there is no such level. */
int log_set_level(const char *name);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
