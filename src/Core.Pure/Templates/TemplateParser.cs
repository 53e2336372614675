using Functional.Base;

namespace Functional.Templates;

/// <summary>Reads the statements of a template.</summary>
sealed class TemplateParser
{
    const int MostDepth = 64;

    readonly ExpressionParser reader;
    int depth;
    int loops;

    TemplateParser(Vec<Token> tokens) => reader = new(tokens);

    /// <summary>The pieces of a template.</summary>
    public static Vec<Node> Parse(string text)
    {
        var parser = new TemplateParser(TemplateLexer.Read(text));
        return parser.Body([], null);
    }

    // The nodes up to a block that begins with one of these words, which is read; its word is in Last.
    Vec<Node> Body(string[] ends, Token? opened)
    {
        if (++depth > MostDepth) throw ExpressionParser.Wrong(reader.Now, $"blocks are more than {MostDepth} deep");
        var nodes = new List<Node>();
        while (true)
        {
            var token = reader.Now;
            switch (token.Kind)
            {
                case TokenKind.Last when opened is { } open:
                    throw ExpressionParser.Wrong(open, $"{open.Shown} is not closed", $"expected {{% {string.Join(" %} or {% ", ends)} %}}");
                case TokenKind.Last:
                    depth--;
                    return nodes.ToVec();
                case TokenKind.Text:
                    nodes.Add(new Node.Text(reader.Next().At, token.Text));
                    break;
                case TokenKind.PrintBegin:
                    _ = reader.Next();
                    nodes.Add(new Node.Print(token.At, reader.Tuple()));
                    _ = reader.Expect(TokenKind.PrintEnd, "}}");
                    break;
                default:
                    _ = reader.Expect(TokenKind.Begin, "{%");
                    var word = reader.Expect(TokenKind.Name, "a statement");
                    if (ends.Contains(word.Text))
                    {
                        last = word;
                        depth--;
                        return nodes.ToVec();
                    }
                    nodes.Add(Statement(word));
                    break;
            }
        }
    }

    Token last;

    void Close() => _ = reader.Expect(TokenKind.End, "%}");

    Node Statement(Token word) => word.Text switch
    {
        "if" => If(word),
        "for" => For(word),
        "set" => Set(word),
        "macro" => Macro(word),
        "filter" => FilterBlock(word),
        "generation" => Generation(word),
        "break" or "continue" => Leave(word),
        _ when word.Text.StartsWith("end", StringComparison.Ordinal) || word.Text is "else" or "elif" => throw ExpressionParser.Wrong(word,
            $"'{word.Text}' closes nothing"),
        _ => throw ExpressionParser.Wrong(word, $"the statement '{word.Text}' is not supported",
            "allowed: if, for, set, macro, filter, generation, break, continue, raw"),
    };

    Node If(Token open)
    {
        var branches = new List<(Expression, Vec<Node>)>();
        do
        {
            var test = reader.Tuple();
            Close();
            branches.Add((test, Body(["elif", "else", "endif"], open)));
        }
        while (last.Text == "elif");
        Vec<Node> otherwise = [];
        if (last.Text == "else")
        {
            Close();
            otherwise = Body(["endif"], open);
        }
        Close();
        return new Node.If(open.At, branches.ToVec(), otherwise);
    }

    Node For(Token open)
    {
        var targets = Names();
        reader.Word("in");
        var over = reader.Tuple(choice: false);
        var keep = reader.Takes("if") ? reader.Tuple() : null;
        if (reader.Now is { Kind: TokenKind.Name, Text: "recursive" }) throw ExpressionParser.Wrong(reader.Now, "a recursive loop is not supported",
            "allowed: a macro");
        Close();
        loops++;
        var body = Body(["else", "endfor"], open);
        loops--;
        Vec<Node> otherwise = [];
        if (last.Text == "else")
        {
            Close();
            otherwise = Body(["endfor"], open);
        }
        Close();
        return new Node.For(open.At, targets, over, keep, body, otherwise);
    }

    Vec<string> Names()
    {
        var names = new List<string>();
        var brackets = reader.Takes("(");
        do
        {
            if (names.Count > 0 && reader.Now is not { Kind: TokenKind.Name }) break;
            names.Add(reader.NameToAssign());
        }
        while (reader.Takes(","));
        if (brackets) reader.Sign(")");
        return names.ToVec();
    }

    Node Set(Token open)
    {
        var targets = new List<Target>();
        do
        {
            var name = reader.NameToAssign();
            targets.Add(new(name, reader.Takes(".") ? reader.Expect(TokenKind.Name, "a name").Text : null));
        }
        while (reader.Takes(","));
        if (reader.Takes("="))
        {
            var value = reader.Tuple();
            Close();
            return new Node.Set(open.At, targets.ToVec(), value);
        }
        if (targets.Count > 1) throw ExpressionParser.Wrong(reader.Now, $"{reader.Now.Shown} stands after the names of set", "expected =");
        var filtered = reader.Filters(new Expression.Name(open.At, Node.Captured));
        Close();
        var body = Body(["endset"], open);
        Close();
        return new Node.SetBlock(open.At, targets[0], body, filtered);
    }

    Node Macro(Token open)
    {
        var name = reader.NameToAssign();
        reader.Sign("(");
        var parameters = new List<(string Name, Expression? Default)>();
        while (!reader.Takes(")"))
        {
            if (parameters.Count > 0) reader.Sign(",");
            var parameter = reader.NameToAssign();
            if (parameters.Any(p => p.Name == parameter)) throw ExpressionParser.Wrong(reader.Now, $"the parameter '{parameter}' is there twice",
                "allowed: once");
            var otherwise = reader.Takes("=") ? reader.Choice() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw ExpressionParser.Wrong(reader.Now, $"the parameter '{parameter}' has no default, but one before it has", "expected a default");
            parameters.Add((parameter, otherwise));
        }
        Close();
        var outer = loops;
        loops = 0;
        var body = Body(["endmacro"], open);
        loops = outer;
        Close();
        return new Node.Macro(open.At, name, parameters.ToVec(), body);
    }

    Node FilterBlock(Token open)
    {
        var value = reader.Filters(new Expression.Name(open.At, Node.Captured), first: true);
        Close();
        var body = Body(["endfilter"], open);
        Close();
        return new Node.FilterBlock(open.At, body, value);
    }

    Node Generation(Token open)
    {
        Close();
        var body = Body(["endgeneration"], open);
        Close();
        return new Node.Generation(open.At, body);
    }

    Node Leave(Token word)
    {
        if (loops == 0) throw ExpressionParser.Wrong(word, $"'{word.Text}' is not in a loop");
        Close();
        return new Node.Leave(word.At, word.Text == "break");
    }
}
