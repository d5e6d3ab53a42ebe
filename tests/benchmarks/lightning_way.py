"""Training with Lightning, which is no dependency of the project: see instruments.py for how to get it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from ways import Way


class Lightning(Way):
    """Lightning, with histograms and gradient norms every 50 steps."""

    def train(self) -> None:
        case, folder, passes = self.case, self.folder, self.passes
        import lightning as pl
        from lightning.pytorch.loggers import TensorBoardLogger
        from torch.utils.data import DataLoader, TensorDataset

        assert case.digits is not None
        digits, plan = case.digits, case.plan

        class Module(pl.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.model = digits.make()
                self.model.load_state_dict(case.compiled().model.state_dict())
                self.criterion = nn.CrossEntropyLoss()
                self.seen: dict[str, torch.Tensor] = {}
                self.hooks: list[Any] = []

            def training_step(self, batch: Any, _: int) -> torch.Tensor:
                inputs, labels = batch
                if self.global_step % 50 == 0:
                    self.hooks = [
                        module.register_forward_hook(
                            lambda _m, _i, out, name=name: self.seen.update({name: out.detach()})
                        )
                        for name, module in self.model.named_children()
                    ]
                scores = self.model(inputs)
                for hook in self.hooks:
                    hook.remove()
                self.hooks = []
                loss = self.criterion(scores, labels)
                self.log("loss", loss, on_step=True, on_epoch=True)
                self.log("accuracy", (scores.argmax(1) == labels).float().mean(), on_epoch=True)
                return loss

            def on_before_optimizer_step(self, _: object) -> None:
                if not self.seen:
                    return
                board = self.logger.experiment  # type: ignore[union-attr]
                for name, out in self.seen.items():
                    board.add_histogram(f"activation/{name}", out, self.global_step)
                for name, parameter in self.model.named_parameters():
                    board.add_histogram(f"weight/{name}", parameter, self.global_step)
                    board.add_scalar(f"gradient/{name}", parameter.grad.norm(), self.global_step)
                self.seen.clear()

            def validation_step(self, batch: Any, _: int) -> None:
                scores = self.model(batch[0])
                self.log("validation_loss", self.criterion(scores, batch[1]))
                self.log("validation_accuracy", (scores.argmax(1) == batch[1]).float().mean())

            def configure_optimizers(self) -> Any:
                kind = getattr(torch.optim, plan.optimizer)
                optimizer = kind(self.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
                if plan.schedule != "one-cycle":
                    return optimizer
                cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.learning_rate, total_steps=10**9)
                return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

            def on_train_batch_end(self, *_: object) -> None:
                passes(self.global_step)

        loaders = []
        for split in ("train", "validation"):
            arrays = case.data.arrays(split)
            rows = TensorDataset(torch.tensor(arrays["image"]), torch.tensor(arrays["label"]))
            size = plan.batch_size if split == "train" else 256
            loaders.append(DataLoader(rows, batch_size=size, shuffle=split == "train"))
        module = Module()
        trainer = pl.Trainer(
            max_epochs=plan.epochs, accelerator="cpu", logger=TensorBoardLogger(folder, name="board"),
            enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, log_every_n_steps=50,
            num_sanity_val_steps=0,
        )  # fmt: skip
        trainer.fit(module, *loaders)
