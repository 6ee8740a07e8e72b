/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIBRARY SCRIPT: a program of several threads that loads an interpreter later, and runs a script in it. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *park(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *library;
	void (*begin)(int signals);
	int (*run)(const char *script);

	if (argc != 3 || pthread_create(&thread, NULL, park, NULL))
		return 2;
	library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&begin = dlsym(library, "Py_InitializeEx");
	*(void **)&run = dlsym(library, "PyRun_SimpleString");
	if (!begin || !run)
		return 1;
	begin(0);
	return run(argv[2]);
}
