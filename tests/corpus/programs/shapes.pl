# SPDX-License-Identifier: GPL-2.0-or-later
# Perl programs of one shape each: shapes.pl NAME
use strict;
use warnings;
use Fcntl ':flock';
use IO::Handle;
use Time::HiRes qw(sleep time);

$| = 1;

sub spin {
	my $end = time + shift;
	my $n = 0;
	$n++ while time < $end;
}

my $shape = shift;
if ($shape eq 'spin') {
	print "ready\n";
	spin(1000) while 1;
} elsif ($shape eq 'sleep') {
	print "ready\n";
	sleep(0.05) while 1;
} elsif ($shape eq 'flock') {
	my @children;
	for (1 .. 4) {
		my $child = fork;
		push @children, $child;
		next if $child;
		open my $file, '>', 'lock' or die;
		while (1) { flock $file, LOCK_EX; spin(0.005); flock $file, LOCK_UN; }
	}
	print "ready worker=$children[0]\n";
	wait;
} elsif ($shape eq 'pipe') {
	# A child that computes and tells; and this, which listens.
	pipe(my $reader, my $writer);
	my $child = fork;
	if (!$child) {
		$writer->autoflush(1);
		while (1) { spin(0.01); print $writer "line\n"; }
	}
	close $writer;
	print "ready child=$child\n";
	while (<$reader>) { }
}
