"""What follows the message log's journal at its own pace, each with a cursor of its own."""
