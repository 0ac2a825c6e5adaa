"""RabbitMQ: topology, connection, consumer, confirmed publisher."""
