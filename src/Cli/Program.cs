using Functional.Cli;

return await App.Run(args, Terminal.OfProcess()).ConfigureAwait(false);
