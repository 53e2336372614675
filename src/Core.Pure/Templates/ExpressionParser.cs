using System.Globalization;
using Functional.Base;

namespace Functional.Templates;

/// <summary>Reads the expressions of a template, with the precedence that Jinja gives its operators.</summary>
sealed class ExpressionParser(Vec<Token> tokens)
{
    const int MostDepth = 64;

    static readonly string[] reserved = ["true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else", "elif"];

    int at;
    int depth;

    /// <summary>The token that comes next.</summary>
    public Token Now => tokens[at];

    /// <summary>Takes the next token.</summary>
    public Token Next() => tokens[at < tokens.Count - 1 ? at++ : at];

    /// <summary>A fault at a token.</summary>
    public static TemplateException Wrong(Token token, string what, string allowed = "") => new(token.At, what, allowed);

    /// <summary>Takes a token of that kind.</summary>
    public Token Expect(TokenKind kind, string expected) => Now.Kind == kind ? Next() : throw Wrong(Now, $"{Now.Shown} is not expected here",
        $"expected {expected}");

    /// <summary>Takes a sign or word if it comes next.</summary>
    public bool Takes(string text)
    {
        if (!Is(text)) return false;
        at++;
        return true;
    }

    /// <summary>Takes a sign.</summary>
    public void Sign(string sign)
    {
        if (!Takes(sign)) throw Wrong(Now, $"{Now.Shown} is not expected here", $"expected {sign}");
    }

    /// <summary>Takes a word.</summary>
    public void Word(string word) => Sign(word);

    /// <summary>A name that may be given a value.</summary>
    public string NameToAssign()
    {
        var token = Expect(TokenKind.Name, "a name");
        return reserved.Contains(token.Text) ? throw Wrong(token, $"'{token.Text}' is no name", "expected another") : token.Text;
    }

    bool Is(string text) => Now.Kind is TokenKind.Sign or TokenKind.Name && Now.Text == text;

    T Nested<T>(Func<T> read)
    {
        if (++depth > MostDepth) throw Wrong(Now, $"the expression is more than {MostDepth} deep");
        var result = read();
        depth--;
        return result;
    }

    /// <summary>An expression, or several with commas between them as a tuple.</summary>
    /// <param name="choice">Whether <c>a if b else c</c> may stand there; in the head of a loop, if is the filter.</param>
    public Expression Tuple(bool choice = true)
    {
        Expression One() => choice ? Choice() : Or();
        var first = One();
        if (!Is(",")) return first;
        var items = new List<Expression> { first };
        while (Takes(",") && !(Now.Kind is TokenKind.End or TokenKind.PrintEnd || Is(")"))) items.Add(One());
        return new Expression.Items(first.At, items.ToVec(), Tuple: true);
    }

    /// <summary>An expression without commas.</summary>
    public Expression Choice() => Nested(() =>
    {
        var value = Or();
        while (Is("if"))
        {
            var token = Next();
            var test = Or();
            var otherwise = Takes("else") ? Choice() : null;
            value = new Expression.Choice(token.At, test, value, otherwise);
        }
        return value;
    });

    Expression Or() => Chain(And, "or");

    Expression And() => Chain(Not, "and");

    Expression Not()
    {
        if (!Is("not")) return Compare();
        var token = Next();
        return new Expression.Unary(token.At, "not", Nested(Not));
    }

    Expression Compare()
    {
        var first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Now.Kind == TokenKind.Sign && Now.Text is "==" or "!=" or "<" or "<=" or ">" or ">=" || Is("in")) rest.Add((Next().Text, Sum()));
            else if (Is("not") && tokens[Math.Min(at + 1, tokens.Count - 1)] is { Kind: TokenKind.Name, Text: "in" })
            {
                at += 2;
                rest.Add(("not in", Sum()));
            }
            else return rest.Count == 0 ? first : new Expression.Compare(first.At, first, rest.ToVec());
        }
    }

    Expression Sum() => Chain(Joined, "+", "-");

    Expression Joined() => Chain(Product, "~");

    Expression Product() => Chain(Power, "*", "/", "//", "%");

    Expression Power() => Chain(Unary, "**");

    Expression Chain(Func<Expression> part, params ReadOnlySpan<string> signs)
    {
        var left = part();
        while (Now.Kind is TokenKind.Sign or TokenKind.Name && signs.Contains(Now.Text))
        {
            var sign = Next();
            left = new Expression.Binary(sign.At, sign.Text, left, part());
        }
        return left;
    }

    Expression Unary() => Signed(filters: true);

    Expression Signed(bool filters)
    {
        if (Now.Kind == TokenKind.Sign && Now.Text is "-" or "+")
        {
            var sign = Next();
            Expression signed = new Expression.Unary(sign.At, sign.Text, Nested(() => Signed(filters: false)));
            return filters ? Filters(signed) : signed;
        }
        var value = Postfix(Primary());
        return filters ? Filters(value) : value;
    }

    Expression Primary()
    {
        var token = Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Expression.Constant(token.At, TemplateValue.Of(true)),
                    "false" or "False" => new Expression.Constant(token.At, TemplateValue.Of(false)),
                    "none" or "None" => new Expression.Constant(token.At, TemplateValue.Nothing),
                    _ when reserved.Contains(token.Text) => throw Wrong(token, $"'{token.Text}' is not expected here", "expected a value"),
                    _ => new Expression.Name(token.At, token.Text),
                };
            case TokenKind.String:
                var text = token.Text;
                while (Now.Kind == TokenKind.String) text += Next().Text;
                return new Expression.Constant(token.At, TemplateValue.Of(text));
            case TokenKind.Whole:
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                    ? new Expression.Constant(token.At, TemplateValue.Of(whole))
                    : throw Wrong(token, "the number has more than 64 bits", $"allowed: up to {long.MaxValue}");
            case TokenKind.Real:
                return new Expression.Constant(token.At, new TemplateValue.Real(double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case TokenKind.Sign when token.Text == "(":
                if (Takes(")")) return new Expression.Items(token.At, [], Tuple: true);
                var inner = Nested(() => Tuple());
                Sign(")");
                return inner;
            case TokenKind.Sign when token.Text == "[":
                return new Expression.Items(token.At, Until("]", Choice), Tuple: false);
            case TokenKind.Sign when token.Text == "{":
                return new Expression.Entries(token.At, Until("}", () =>
                {
                    var key = Choice();
                    Sign(":");
                    return (key, Choice());
                }));
            default:
                throw Wrong(token, $"{token.Shown} is not expected here", "expected a value");
        }
    }

    Vec<T> Until<T>(string close, Func<T> read)
    {
        var items = new List<T>();
        while (!Takes(close))
        {
            if (items.Count > 0)
            {
                Sign(",");
                if (Takes(close)) break;
            }
            items.Add(read());
        }
        return items.ToVec();
    }

    Expression Postfix(Expression value)
    {
        while (true)
        {
            var token = Now;
            if (Takes("."))
                value = Now.Kind == TokenKind.Whole
                    ? new Expression.Item(token.At, value, Primary())
                    : new Expression.Member(token.At, value, Expect(TokenKind.Name, "the name of a member").Text);
            else if (Takes("[")) value = Subscript(token, value);
            else if (Is("(")) value = new Expression.Call(token.At, value, Arguments());
            else return value;
        }
    }

    Expression Subscript(Token open, Expression value)
    {
        Expression? Part() => Is(":") || Is("]") ? null : Choice();
        var from = Part();
        if (!Is(":"))
        {
            Sign("]");
            return new Expression.Item(open.At, value, from ?? throw Wrong(open, "the brackets are empty", "expected a key, an index or a slice"));
        }
        Sign(":");
        var to = Part();
        var step = Takes(":") ? Part() : null;
        Sign("]");
        return new Expression.Slice(open.At, value, from, to, step);
    }

    Vec<Argument> Arguments()
    {
        Sign("(");
        var named = false;
        return Until(")", () =>
        {
            if (Is("*") || Is("**")) throw Wrong(Now, "arguments cannot be unpacked here", "allowed: arguments by place and by name");
            if (Now.Kind == TokenKind.Name && tokens[Math.Min(at + 1, tokens.Count - 1)] is { Kind: TokenKind.Sign, Text: "=" })
            {
                named = true;
                var name = Next().Text;
                Sign("=");
                return new Argument(name, Choice());
            }
            return named ? throw Wrong(Now, "an argument by place stands after one by name") : new Argument(null, Choice());
        });
    }

    /// <summary>Filters, tests and calls after a value.</summary>
    /// <param name="value">What they are applied to.</param>
    /// <param name="first">Whether the first filter comes without its <c>|</c>.</param>
    public Expression Filters(Expression value, bool first = false)
    {
        while (true)
        {
            var token = Now;
            if (first || Takes("|")) value = Filter(token, value);
            else if (Takes("is")) value = Test(token, value);
            else if (Is("(")) value = new Expression.Call(token.At, value, Arguments());
            else return value;
            first = false;
        }
    }

    Expression Filter(Token token, Expression value)
    {
        var name = Expect(TokenKind.Name, "the name of a filter");
        if (!TemplateFilters.Names.Contains(name.Text))
            throw Wrong(name, $"the filter '{name.Text}' is not supported", $"allowed: {string.Join(", ", TemplateFilters.Names)}");
        return new Expression.Filter(token.At, value, name.Text, Is("(") ? Arguments() : []);
    }

    Expression Test(Token token, Expression value)
    {
        var negated = Takes("not");
        var name = Expect(TokenKind.Name, "the name of a test");
        if (!TemplateTests.Names.Contains(name.Text))
            throw Wrong(name, $"the test '{name.Text}' is not supported", $"allowed: {string.Join(", ", TemplateTests.Names)}");
        Vec<Argument> arguments = Is("(") ? Arguments()
            : (Now.Kind is TokenKind.String or TokenKind.Whole or TokenKind.Real || (Now.Kind == TokenKind.Name && !IsOperator(Now.Text))
                || (Now.Kind == TokenKind.Sign && Now.Text is "[" or "{")) ? [new(null, Postfix(Primary()))]
            : [];
        return new Expression.Test(token.At, value, name.Text, arguments, negated);
    }

    static bool IsOperator(string word) => word is "else" or "elif" or "or" or "and" or "if" or "is" or "in" or "not" or "recursive";
}
