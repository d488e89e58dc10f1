// SPDX-License-Identifier: Apache-2.0
/* empty-programs: attaches programs that do nothing, until stdin closes. */
#include "empty.skel.h"

#include <stdio.h>
#include <unistd.h>

int main(void)
{
	struct empty *skeleton = empty__open_and_load();
	char byte;

	if (!skeleton || empty__attach(skeleton)) {
		fprintf(stderr, "empty-programs: cannot attach\n");
		return 1;
	}
	printf("attached\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	empty__destroy(skeleton);
	return 0;
}
