/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

/* Milliseconds in which the rest of a key's sequence has to come; over a slow line, too, it comes at once. */
#define ESCAPE_DELAY_MS 50

static SCREEN *screen;

/* What gives the terminal back where nothing but write() may be called: in a handler of a crash. */
static char restore[256];
static size_t restore_length;
static struct termios before;
static volatile sig_atomic_t taken;

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};

static void on_crash(int signal_number)
{
	if (taken) {
		taken = 0;
		if (write(STDOUT_FILENO, restore, restore_length) < 0)
			restore_length = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	/* The handler is gone (SA_RESETHAND): this time it does what it does. */
	raise(signal_number);
}

static void restore_add(const char *name)
{
	const char *text = tigetstr(name);
	size_t length = text && (intptr_t)text != -1 ? strlen(text) : 0;

	if (!length || restore_length + length >= sizeof(restore))
		return;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes for write() */
	memcpy(restore + restore_length, text, length);
	restore_length += length;
}

static void catch_crashes(void)
{
	static const char mouse_off[] = "\033[?1000l\033[?1006l";
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER};

	restore_length = 0;
	if (key_mouse) {
		memcpy(restore, mouse_off, sizeof(mouse_off) - 1);
		restore_length = sizeof(mouse_off) - 1;
	}
	restore_add("sgr0");
	restore_add("rmkx");
	restore_add("cnorm");
	restore_add("rmcup");
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		struct sigaction old;

		/* A sanitizer's own handler says more. */
		if (!sigaction(crashes[i], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(crashes[i], &action, NULL);
	}
}

int bt_terminal_open(void)
{
	bool able;
	int err = 0;

	if (tcgetattr(STDIN_FILENO, &before))
		return -ENODEV;
	/* It would print and exit by itself where $TERM is unknown. */
	if (setupterm(NULL, STDOUT_FILENO, &err) == ERR)
		return -ENODEV;
	able = cursor_address != NULL;
	del_curterm(cur_term);
	if (!able)
		return -ENODEV;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -ENODEV;
	set_term(screen);
	taken = 1;
	catch_crashes();
	set_escdelay(ESCAPE_DELAY_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	idlok(stdscr, FALSE);
	curs_set(0);
	/* A click is taken when the button goes down: nobody waits for it to come up, and two are two. */
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	return 0;
}

void bt_terminal_close(void)
{
	if (!screen)
		return;
	endwin();
	taken = 0;
	delscreen(screen);
	screen = NULL;
}

void bt_terminal_suspend(void)
{
	def_prog_mode();
	endwin();
	taken = 0;
}

void bt_terminal_resume(void)
{
	taken = 1;
	reset_prog_mode();
	bt_terminal_resize();
	clearok(curscr, TRUE);
	refresh();
}

void bt_terminal_resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
}
