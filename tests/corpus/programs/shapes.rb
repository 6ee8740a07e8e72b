# SPDX-License-Identifier: GPL-2.0-or-later
# Ruby programs of one shape each: shapes.rb NAME [ARGUMENT...]
require 'socket'
$stdout.sync = true

def spin
  n = 0
  n += 1 while true
end

case ARGV[0]
when 'spin'
  puts 'ready'
  spin
when 'threads'
  4.times { Thread.new { spin } }
  puts 'ready'
  sleep
when 'sleep'
  puts 'ready'
  loop { sleep 0.05 }
when 'client'
  socket = TCPSocket.new('127.0.0.1', ARGV[1].to_i)
  puts 'ready'
  loop do
    socket.write('.')
    socket.readpartial(1)
  end
end
