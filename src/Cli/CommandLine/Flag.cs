using Functional.Base;

namespace Functional.Cli;

/// <summary>An option of a command.</summary>
/// <param name="Name">As <c>--prompt</c>.</param>
/// <param name="Value">What its value is called in help, such as <c>TEXT</c>; nothing for a switch.</param>
/// <param name="Help">One line for people.</param>
sealed record Flag(string Name, string? Value, string Help)
{
    /// <summary>The heading under which help lists it.</summary>
    public string Group { get; init; } = "options";

    /// <summary>What holds when it is not given, for help.</summary>
    public string? Default { get; init; }

    /// <summary>When it matters, where that is seldom: help then lists it only where it is asked for all.</summary>
    public string? Seldom { get; init; }

    /// <summary>Whether it may be given several times.</summary>
    public bool Many { get; init; }

    /// <summary>Whether the command cannot do without it.</summary>
    public bool Required { get; init; }
}

/// <summary>A line that shows how a command is used.</summary>
/// <param name="Line">What to type after the program's name.</param>
/// <param name="Help">What it does.</param>
sealed record Example(string Line, string Help);

/// <summary>A command by its name.</summary>
/// <param name="Name">The word that names it.</param>
/// <param name="Spec">What it is, told when somebody asks: the options of all commands together take longer than most commands do.</param>
sealed record Command(string Name, Func<CommandSpec> Spec);

/// <summary>A command: its options, and what it does with them.</summary>
/// <param name="Summary">One line for people.</param>
/// <param name="Flags">Its options.</param>
/// <param name="Run">Does the work and gives the exit code; nothing for a command that only has commands of its own.</param>
sealed record CommandSpec(string Summary, Vec<Flag> Flags, Func<Given, Terminal, Interruption, Task<int>>? Run)
{
    /// <summary>What stands before or behind the options, such as a file; nothing where there are only options.</summary>
    public Flag? Argument { get; init; }

    /// <summary>Whether that may be left out.</summary>
    public bool MayLack { get; init; }

    /// <summary>Whether several of it may stand there, which are given with line ends between them.</summary>
    public bool TakesMany { get; init; }

    /// <summary>Commands below it.</summary>
    public Vec<Command> Commands { get; init; }

    /// <summary>More about it, for its help; lines as they are.</summary>
    public string Details { get; init; } = "";

    /// <summary>How it is used.</summary>
    public Vec<Example> Examples { get; init; }
}
