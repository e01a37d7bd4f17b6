"""One training task for classify, pretrain and finetune."""
