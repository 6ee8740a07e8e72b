/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share: one target a parser of bytes that we did not write (CONTRIBUTING.md). */
#ifndef BOUNDTOP_TEST_FUZZ_H
#define BOUNDTOP_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls, with any bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold whatever comes in. */
#define FUZZ_ASSERT(what)                                                                                    \
	do {                                                                                                 \
		if (!(what)) {                                                                               \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what);            \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/* The input, cut piece by piece from the front; what is not there is zero. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static inline uint64_t fuzz_take(struct fuzz_input *in, size_t bytes)
{
	uint64_t value = 0;
	size_t have = bytes < in->size ? bytes : in->size;

	memcpy(&value, in->data, have);
	in->data += have;
	in->size -= have;
	return value;
}

/* The same bytes as a string of their own, so that reading beyond its end is seen. To be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
