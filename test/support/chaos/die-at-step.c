/*
 * Preloaded into the store: ends the process by SIGKILL at the n-th call of one kind that writes a
 * part of an insert, so that a test can stand exactly between two of its steps. Calls go to the C
 * library as before.
 *
 *   DIE_CALL   mkdir, open, write, fsync, rename (before it is done), renamed (after it was done)
 *   DIE_NTH    which of these calls, from 1
 *   DIE_PATH   the path must hold this (the directory of a table)
 *   DIE_LOG    file that gets the line "CALL PATH" before the end
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Parts of inserts begin so; those of merges with tmp_merge_. */
#define PART "/tmp_insert_"

/* Read before main, since getenv beside setenv is not safe. */
static const char *die_call, *die_path, *die_log;
static long die_nth;
static atomic_long calls;

__attribute__((constructor)) static void read_environment(void)
{
	const char *nth = getenv("DIE_NTH");
	die_nth = nth ? atol(nth) : 0;
	die_path = getenv("DIE_PATH");
	die_log = getenv("DIE_LOG");
	die_call = getenv("DIE_CALL");
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void end_here(const char *call, const char *path)
{
	char line[PATH_MAX + 32];
	int length = snprintf(line, sizeof line, "%s %s\n", call, path);
	int file = die_log ? NEXT(open)(die_log, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
	if (file >= 0 && length > 0)
		(void)!NEXT(write)(file, line, (size_t)length);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static int wanted(const char *call)
{
	return die_call && strcmp(die_call, call) == 0;
}

static void step(const char *call, const char *path)
{
	if (!die_path || !path || !strstr(path, PART) || !strstr(path, die_path))
		return;
	if (atomic_fetch_add(&calls, 1) + 1 == die_nth)
		end_here(call, path);
}

static void step_of_file(const char *call, int file)
{
	char name[64], path[PATH_MAX];
	ssize_t length;
	if (!wanted(call))
		return;
	snprintf(name, sizeof name, "/proc/self/fd/%d", file);
	length = readlink(name, path, sizeof path - 1);
	if (length <= 0)
		return;
	path[length] = 0;
	step(call, path);
}

int mkdir(const char *path, mode_t mode)
{
	if (wanted("mkdir"))
		step("mkdir", path);
	return NEXT(mkdir)(path, mode);
}

static void step_of_open(const char *path, int flags)
{
	if ((flags & O_CREAT) && wanted("open"))
		step("open", path);
}

int open(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;
	va_start(rest, flags);
	mode = va_arg(rest, mode_t);
	va_end(rest);
	step_of_open(path, flags);
	return NEXT(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;
	va_start(rest, flags);
	mode = va_arg(rest, mode_t);
	va_end(rest);
	step_of_open(path, flags);
	return NEXT(open64)(path, flags, mode);
}

ssize_t write(int file, const void *bytes, size_t count)
{
	step_of_file("write", file);
	return NEXT(write)(file, bytes, count);
}

int fsync(int file)
{
	step_of_file("fsync", file);
	return NEXT(fsync)(file);
}

int fdatasync(int file)
{
	step_of_file("fsync", file);
	return NEXT(fdatasync)(file);
}

int rename(const char *from, const char *to)
{
	int result;
	if (wanted("rename"))
		step("rename", from);
	result = NEXT(rename)(from, to);
	if (result == 0 && wanted("renamed"))
		step("renamed", from);
	return result;
}
